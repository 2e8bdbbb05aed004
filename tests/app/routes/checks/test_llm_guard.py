"""llm-guard's API over the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.chain.instance import Instance
from app.routes.checks.scanners import SCANNERS
from app.settings import ChainEntry, LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from filters import Filter, Finding, Item, Options, Range, Stage
from filters.keyword import Keyword, KeywordOptions
from tests.app.chain.sample_filters import Hanging, WordOptions, instance
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
        "scanners": {"names": 1.0, "blocklist": -1.0, "tone": -0.8},
        "sanitized_prompt": "Write to [name], please.",
    }


async def test_a_flag_leaves_a_prompt_valid(desk: Desk) -> None:
    answer = await ask(desk, "/scan/prompt", prompt="You fool.")

    assert answer == {"is_valid": True, "scanners": {"names": -1.0, "blocklist": -1.0, "tone": 0.8}}


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


def keyword(stage: Stage, **options: Any) -> Instance:
    entry = ChainEntry(id=f"words-{stage}", filter="keyword", stage=stage, action="block")
    return Instance(entry, Keyword(KeywordOptions(words=("bomb",), **options)))


async def test_filters_are_told_and_suppressed_by_the_names_of_scanners(desk: Desk) -> None:
    desk.let_write(chain=[keyword(Stage.INPUT)])
    judged = await ask(desk, "/scan/prompt", prompt="bomb", scanners_suppress=["Toxicity"])
    left = await ask(desk, "/scan/prompt", prompt="bomb", scanners_suppress=["BanSubstrings"])

    assert judged == {"is_valid": False, "scanners": {"words-input": 1.0, "BanSubstrings": 1.0}}
    assert left == {"is_valid": True, "scanners": {}}


async def test_of_several_filters_a_scanners_name_tells_the_worst(desk: Desk) -> None:
    desk.let_write(
        chain=[
            measured("one", 0.6, action="flag"),
            measured("two", 0.4, action="flag"),
        ]
    )
    answer = await ask(desk, "/scan/output", prompt="", output="Ana")

    assert answer["scanners"] == {"one": 0.2, "two": -0.2, "Sensitive": 0.2}


@pytest.mark.parametrize("name", ["Anonymize", "Deanonymize", "Secrets"])
async def test_a_scanners_name_leaves_out_nothing_but_its_own_work(desk: Desk, name: str) -> None:
    desk.let_write(chain=[measured("private", 1.0)])
    asked = {"prompt": "", "output": "Ana", "scanners_suppress": [name]}

    assert not (await ask(desk, "/scan/output", **asked))["is_valid"]


class Measured(Filter):
    """Finds the name with a score."""

    def __init__(self, score: float) -> None:
        super().__init__(Options())
        self.score = score

    async def check(self, item: Item) -> Finding | None:
        at = item.text.find("Ana")
        if at < 0:
            return None
        return Finding(self.score, "name", (Range(at, at + 3, "name", self.score),))


def measured(name: str, score: float, **settings: Any) -> Instance:
    """An instance that the chain takes for one of the filter `pii`."""
    given = {"id": name, "filter": "pii", "stage": Stage.OUTPUT, "action": "block"} | settings
    return Instance(ChainEntry(**given), Measured(score))


@pytest.mark.parametrize(
    ("score", "threshold", "told"),
    [
        (0.0, 0.9, -1.0),
        (0.45, 0.9, -0.5),
        (0.8999, 0.9, -0.01),
        (0.9, 0.9, 0.01),
        (0.95, 0.9, 0.5),
        (1.0, 0.9, 1.0),
        (1.0, 1.0, 1.0),
        (0.0, 0.0, -0.01),
        (0.5, 0.0, 0.5),
    ],
)
async def test_a_score_is_above_0_where_the_filter_acts(
    desk: Desk, score: float, threshold: float, told: float
) -> None:
    desk.let_write(chain=[measured("one", score, filter="own", threshold=threshold)])
    answer = await ask(desk, "/scan/output", prompt="", output="Ana")

    assert answer == {"is_valid": told < 0, "scanners": {"one": told}}


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

    told = reply.json()
    assert (reply.status_code, told["error"]["param"]) == (422, param)
    assert [detail["loc"] for detail in told["details"]] == [["body", *param.split(".")]]
    assert told["message"] == told["error"]["message"] == told["details"][0]["msg"]
    assert "PRIVATE" not in reply.text


@pytest.mark.parametrize("path", [*PROMPTS, *OUTPUTS])
async def test_a_broken_filter_is_an_error(desk: Desk, path: str) -> None:
    desk.let_write(chain=frail())
    reply = await post(desk, path, {"prompt": "bad", "output": "bad"})

    told = reply.json()
    assert (reply.status_code, told["error"]["code"]) == (503, "filter_failed")
    assert (told["message"], told["details"]) == (told["error"]["message"], None)
    assert reply.headers["x-exchange-id"] == str(desk.records.exchanges[0].id)


@pytest.mark.parametrize("path", [*PROMPTS, *OUTPUTS])
async def test_what_takes_too_long_is_408_as_llm_guard_has_it(
    database: Database, tmp_path: Path, path: str
) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(request_s=0.05))
    await desk.open()
    hanging = (Hanging(WordOptions()) for _ in Stage)
    desk.let_write(
        chain=[
            instance(one, id=f"slow-{stage}", stage=stage, deadline_ms=60_000)
            for one, stage in zip(hanging, Stage, strict=True)
        ]
    )
    reply = await post(desk, path, {"prompt": "bad", "output": "bad"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (408, "deadline_exceeded")
    assert reply.json()["message"]


async def test_who_is_unknown_is_told_so_in_llm_guards_shape(desk: Desk) -> None:
    async with desk.client(None) as client:
        told = (await client.post("/scan/prompt", json={"prompt": "x"})).json()

    assert (told["message"], told["details"]) == (told["error"]["message"], None)


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
    names = [name for scanners in SCANNERS.values() for name in scanners]

    assert all(name[0].isupper() and name.isalpha() for name in names)
