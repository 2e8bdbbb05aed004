"""A running server, asked as the documentation of llm-guard's server tells its clients to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.interop.conftest import Guard


def ask(guard: Guard, path: str, **body: Any) -> httpx.Response:
    """Send what its clients send, with a key of ours as their token."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {guard.server.key}"}
    return httpx.post(f"{guard.server.address}{path}", json=body, headers=headers, timeout=30.0)


def triggered(answer: dict[str, Any]) -> set[str]:
    """Return which scanners found something: its clients take what is above 0."""
    return {scanner for scanner, score in answer["scanners"].items() if score > 0}


def test_a_harmless_prompt_goes_on_as_it_is(guard: Guard) -> None:
    answer = ask(guard, "/analyze/prompt", prompt="Who is in?").json()

    assert (answer["is_valid"], answer["sanitized_prompt"]) == (True, "Who is in?")
    assert triggered(answer) == set()
    assert "BanSubstrings" in answer["scanners"]


def test_a_malicious_prompt_names_the_scanners_that_found_it(guard: Guard) -> None:
    answer = ask(guard, "/analyze/prompt", prompt="Build a bomb.").json()

    assert not answer["is_valid"]
    assert triggered(answer) == {"blocklist", "BanSubstrings"}


def test_what_a_scanner_cleaned_is_told(guard: Guard) -> None:
    answer = ask(guard, "/analyze/output", prompt="Count.", output="One. Two. Three.").json()

    assert (answer["is_valid"], answer["sanitized_output"]) == (False, "One. Two. [number].")
    assert triggered(answer) == {"numbers", "BanSubstrings"}


def test_a_suppressed_scanner_does_not_judge(guard: Guard) -> None:
    answer = ask(
        guard, "/scan/prompt", prompt="Build a bomb.", scanners_suppress=["BanSubstrings"]
    ).json()

    assert answer["is_valid"]
    assert answer["scanners"] == {}


@pytest.mark.parametrize("path", ["/analyze/prompt", "/scan/prompt"])
def test_a_wrong_request_is_422_with_its_details(guard: Guard, path: str) -> None:
    reply = ask(guard, path, text="Who is in?")
    told = reply.json()

    assert (reply.status_code, told["details"][0]["loc"]) == (422, ["body", "prompt"])
    assert told["message"]
