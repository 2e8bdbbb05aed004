"""llm-guard's API over the chain."""

from __future__ import annotations

from typing import Any

import pytest

from app.routes.checks.llm_guard import SCANNERS
from app.settings import ChainEntry, LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from filters import Stage
from filters.keyword import Keyword, KeywordOptions
from tests.app.routes.checks.chains import frail, post, rules, status_for
from tests.app.routes.serving import Desk

PROMPTS, OUTPUTS = ("/analyze/prompt", "/scan/prompt"), ("/analyze/output", "/scan/output")


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    desk.let_write(chain=rules())


async def ask(desk: Desk, path: str, **body: Any) -> dict[str, Any]:
    reply = await post(desk, path, body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    answer.pop("penstock")
    return answer


async def test_a_prompt_is_cleaned(desk: Desk) -> None:
    answer = await ask(desk, "/analyze/prompt", prompt="Write to Ana, please.")

    assert answer == {
        "is_valid": False,
        "scanners": {"names": 1.0, "blocklist": 0.0, "tone": 0.1},
        "sanitized_prompt": "Write to [name], please.",
    }


async def test_a_flag_leaves_a_prompt_valid(desk: Desk) -> None:
    answer = await ask(desk, "/scan/prompt", prompt="You fool.")

    assert answer == {"is_valid": True, "scanners": {"names": 0.0, "blocklist": 0.0, "tone": 0.9}}


async def test_nothing_is_left_of_a_blocked_prompt(desk: Desk) -> None:
    answer = await ask(desk, "/analyze/prompt", prompt="A bomb for Ana.")

    assert (answer["is_valid"], answer["sanitized_prompt"]) == (False, "")
    assert answer["scanners"]["blocklist"] == 1.0


async def test_an_output_is_cleaned_and_kept_with_its_prompt(desk: Desk) -> None:
    answer = await ask(desk, "/analyze/output", prompt="A bomb?", output="Eve knows. Meh.")
    [kept] = desk.records.exchanges

    assert (answer["is_valid"], answer["sanitized_output"]) == (False, "[name] knows. Meh.")
    assert answer["scanners"].keys() == {"masks", "manners", "style"}
    assert (kept.prompt, kept.generated) == ("A bomb?", "Eve knows. Meh.")
    assert kept.completion == "[name] knows. Meh."


async def test_of_a_blocked_output_only_its_beginning_is_left(desk: Desk) -> None:
    answer = await ask(desk, "/analyze/output", prompt="", output="Fine. All evil. And more.")

    assert (answer["is_valid"], answer["sanitized_output"]) == (False, "Fine.")


async def test_a_scan_says_the_same_and_returns_no_text(desk: Desk) -> None:
    asked = {"prompt": "Hm?", "output": "Eve knows."}
    analysis = await ask(desk, "/analyze/output", **asked)
    del analysis["sanitized_output"]

    assert await ask(desk, "/scan/output", **asked) == analysis


async def test_filters_are_suppressed_by_their_ids(desk: Desk) -> None:
    answer = await ask(
        desk, "/analyze/prompt", prompt="A bomb for Ana.", scanners_suppress=["blocklist", "Bias"]
    )

    assert answer["sanitized_prompt"] == "A bomb for [name]."
    assert answer["scanners"].keys() == {"names", "tone"}


async def test_filters_are_suppressed_by_the_names_of_scanners(desk: Desk) -> None:
    from app.chain.instance import Instance

    entry = ChainEntry(id="words", filter="keyword", stage=Stage.INPUT, action="block")
    desk.let_write(chain=[Instance(entry, Keyword(KeywordOptions(words=("bomb",))))])
    judged = await ask(desk, "/scan/prompt", prompt="bomb", scanners_suppress=["Toxicity"])
    left = await ask(desk, "/scan/prompt", prompt="bomb", scanners_suppress=["BanSubstrings"])

    assert judged == {"is_valid": False, "scanners": {"words": 1.0}}
    assert left == {"is_valid": True, "scanners": {}}


@pytest.mark.parametrize("path", [*PROMPTS, *OUTPUTS])
async def test_what_llm_guard_may_add_is_not_read(desk: Desk, path: str) -> None:
    assert (await ask(desk, path, prompt="x", output="y", later=1))["is_valid"]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/analyze/prompt", {}, "prompt"),
        ("/analyze/prompt", {"prompt": ["PRIVATE"]}, "prompt"),
        ("/scan/output", {"prompt": "PRIVATE"}, "output"),
        ("/scan/prompt", {"prompt": "PRIVATE", "scanners_suppress": [1]}, "scanners_suppress.0"),
    ],
)
async def test_refusals_name_the_part_and_repeat_nothing(
    desk: Desk, path: str, body: Any, param: str
) -> None:
    reply = await post(desk, path, body)

    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
    assert "PRIVATE" not in reply.text


@pytest.mark.parametrize("path", [*PROMPTS, *OUTPUTS])
async def test_a_broken_filter_is_an_error(desk: Desk, path: str) -> None:
    desk.let_write(chain=frail())
    reply = await post(desk, path, {"prompt": "bad", "output": "bad"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "filter_failed")


async def test_both_texts_have_bounds(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(prompt_chars=3))
    await desk.open()
    for name, body in {
        "prompt": {"prompt": "long", "output": ""},
        "output": {"prompt": "", "output": "long"},
    }.items():
        error = (await post(desk, "/scan/output", body)).json()["error"]
        assert (error["code"], error["param"]) == ("prompt_too_long", name)


@pytest.mark.parametrize("path", [*PROMPTS, *OUTPUTS])
async def test_who_may_ask(desk: Desk, path: str) -> None:
    assert await status_for(desk, None, path) == 401
    assert await status_for(desk, Scope.REVIEW, path) == 403


async def test_its_probe_answers_everybody(desk: Desk) -> None:
    async with desk.client(None) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


def test_scanners_are_named_as_llm_guard_names_its_classes() -> None:
    assert all(name[0].isupper() and name.isalpha() for name in SCANNERS)
