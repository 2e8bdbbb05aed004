"""OpenAI's moderation over the chain."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import ModerationCreateResponse

from app.routes.checks.moderations import CATEGORIES, LABELS
from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from tests.app.routes.checks.chains import frail, post, rules, status_for
from tests.app.routes.serving import Desk

PATH = "/v1/moderations"
IMAGE = {"type": "image_url", "image_url": {"url": "PRIVATE"}}


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    desk.let_write(chain=rules())


async def results(desk: Desk, given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await post(desk, PATH, {"input": given})).json()["results"]
    return found


async def test_a_harmless_text_has_every_category_of_openais(desk: Desk) -> None:
    reply = await post(desk, PATH, {"input": "Hello.", "model": "omni-moderation-latest"})
    answer = ModerationCreateResponse.model_validate(reply.json(), strict=True)
    [result] = answer.results

    assert answer.id.startswith("modr-")
    assert not result.flagged
    assert not any(result.categories.model_dump().values())
    assert set(CATEGORIES) <= reply.json()["results"][0]["categories"].keys()


async def test_labels_become_categories_with_their_scores(desk: Desk) -> None:
    [result] = await results(desk, "You fool.")

    assert result["flagged"]
    assert [name for name, hit in result["categories"].items() if hit] == ["harassment", "tone"]
    assert result["category_scores"]["harassment"] == 0.9
    assert result["category_scores"]["harassment/threatening"] == 0.2
    assert result["category_applied_input_types"]["harassment"] == ["text"]
    assert result["category_applied_input_types"]["sexual"] == []


async def test_a_filter_is_a_category_by_its_id(desk: Desk) -> None:
    [result] = await results(desk, "A bomb.")

    assert result["categories"]["blocklist"]
    assert result["category_scores"]["blocklist"] == 1.0
    assert result["penstock"]["outcome"] == "blocked"


async def test_each_text_has_its_own_result_and_record(desk: Desk) -> None:
    found = await results(desk, ["Hello.", "A bomb.", "Ana."])

    assert [one["flagged"] for one in found] == [False, True, True]
    prompts = {str(kept.id): kept.prompt for kept in desk.records.exchanges}
    told = [prompts[one["penstock"]["exchange"]] for one in found]
    assert told == ["Hello.", "A bomb.", "Ana."]
    assert {kept.metadata["check"] for kept in desk.records.exchanges} == {"moderations"}


async def test_parts_are_judged_together(desk: Desk) -> None:
    parts = [{"type": "text", "text": text} for text in ("Hello.", "A bomb.")]
    [result] = await results(desk, parts)

    assert result["flagged"]
    assert len(desk.records.exchanges) == 1


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "invalid_request", "input"),
        ({"input": []}, "invalid_request", "input"),
        ({"input": 7}, "invalid_request", "input"),
        ({"input": ["PRIVATE", 7]}, "invalid_request", "input"),
        ({"input": ["PRIVATE", {"type": "text", "text": "x"}]}, "invalid_request", "input"),
        (
            {"input": [{"type": "text", "text": "x"}, IMAGE]},
            "unsupported_parameter",
            "input.1.type",
        ),
        ({"input": [[]]}, "invalid_request", "input.0"),
        ({"input": ["PRIVATE"] * 513}, "invalid_request", "input"),
        ({"input": "x", "PRIVATE": 1}, "invalid_request", None),
    ],
)
async def test_refusals_name_the_part_and_repeat_nothing(
    desk: Desk, body: Any, code: str, param: str | None
) -> None:
    reply = await post(desk, PATH, body)
    error = reply.json()["error"]

    assert (error["code"], error["param"]) == (code, param)
    assert "PRIVATE" not in reply.text
    assert desk.records.exchanges == []


async def test_a_broken_filter_is_an_error_that_names_it(desk: Desk) -> None:
    desk.let_write(chain=frail())
    reply = await post(desk, PATH, {"input": ["fine", "bad"]})

    assert (reply.status_code, reply.json()["error"]["param"]) == (503, "frail")
    assert reply.headers["x-exchange-id"]


async def test_all_texts_together_have_a_bound(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(prompt_chars=10))
    await desk.open()
    error = (await post(desk, PATH, {"input": ["123456", "7890x"]})).json()["error"]

    assert (error["code"], error["param"]) == ("prompt_too_long", "input")


async def test_checks_are_in_the_metrics(desk: Desk) -> None:
    await results(desk, ["A bomb.", "Hello."])
    shown = desk.app.state.metrics.render().decode()

    assert 'penstock_requests_total{model="(elsewhere)",outcome="blocked"} 1.0' in shown
    assert 'filter="blocklist",stage="input"' in shown
    assert 'penstock_model_inference_seconds_count{model="(elsewhere)"}' not in shown
    assert 'gen_ai_client_token_usage_count{gen_ai_request_model="(elsewhere)"' not in shown


async def test_who_may_ask(desk: Desk) -> None:
    assert await status_for(desk, None, PATH) == 401
    assert await status_for(desk, Scope.REVIEW, PATH) == 403


def test_labels_lead_to_categories_of_openais() -> None:
    assert set(LABELS.values()) == set(CATEGORIES)
