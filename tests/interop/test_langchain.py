"""LangChain against a running server."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.interop.conftest import Endpoint
from tests.interop.installing import HERE, python_with
from tests.interop.serving import WRITTEN

TIMEOUT_S = 120


@pytest.fixture(scope="module")
def came_back(endpoint: Endpoint) -> Any:
    done = subprocess.run(
        [
            python_with("langchain"),
            str(HERE / "langchain" / "client.py"),
            endpoint.url,
            endpoint.key,
        ],
        env={},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_way_gives_the_same_text(came_back: Any) -> None:
    texts = [came_back[way] for way in ("text", "streamed", "response", "streamed_response")]

    assert texts == [WRITTEN] * 4
    assert came_back["batch"] == [WRITTEN] * 2


def test_it_learns_the_usage_and_why_the_text_ended(came_back: Any) -> None:
    usage, streamed = came_back["usage"], came_back["streamed_usage"]

    assert usage["output_tokens"] == streamed["output_tokens"] > 0
    assert usage["input_tokens"] == streamed["input_tokens"] > 0
    assert (came_back["finish_reason"], came_back["blocked"]) == ("stop", "content_filter")


def test_tools_are_refused(came_back: Any) -> None:
    assert came_back["refusal"] == "unsupported_parameter"


def test_structured_output(came_back: Any) -> None:
    assert came_back["structured"]["name"] in {"red", "green"}


def test_it_embeds(came_back: Any) -> None:
    assert came_back["vectors"] == [64, 64]
