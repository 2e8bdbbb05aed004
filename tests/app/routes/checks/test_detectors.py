"""The detector API over the chain."""

from __future__ import annotations

from typing import Any

import pytest

from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from filters import Evidence, Filter, Finding, Item, Options, Stage
from tests.app.chain.sample_filters import instance
from tests.app.pipelines import word
from tests.app.routes.checks.chains import frail, post, rules, status_for
from tests.app.routes.serving import Desk

CONTENTS = "/api/v1/text/contents"
GENERATION = "/api/v1/text/generation"
CONTEXT = "/api/v1/text/context/doc"
CHAT = "/api/v1/text/chat"


class Faithful(Filter):
    """Finds texts that no passage repeats."""

    async def check(self, item: Item) -> Finding | None:
        passages = item.context.passages
        if any(item.text in passage.text for passage in passages):
            return None
        evidence = (Evidence(1, 0, 5, "nearest", 0.25),) if passages else ()
        return Finding(0.75, "unsupported", evidence=evidence)


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    faithful = instance(Faithful(Options()), id="faithful", action="flag")
    desk.let_write(chain=[*rules(), faithful])


async def ask(desk: Desk, path: str, detector: str, **body: Any) -> Any:
    reply = await post(desk, path, body, **{"detector-id": detector})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_each_text_has_its_detections_where_they_stand(desk: Desk) -> None:
    found = await ask(desk, CONTENTS, "names", contents=["Hi 😀 Ana and Ana.", "Nobody."])
    first, second = found[0]
    [kept] = [one for one in desk.records.exchanges if "Ana" in one.prompt]

    assert first == {
        "start": 5,
        "end": 8,
        "text": "Ana",
        "detection": "Ana",
        "detection_type": "word",
        "detector_id": "names",
        "score": 1.0,
        "evidence": [],
        "metadata": {"action": "rewrite", "threshold": 0.5, "exchange": str(kept.id)},
    }
    assert (second["start"], second["end"]) == (13, 16)
    assert found[1] == []
    assert kept.metadata["check"] == "detectors"


async def test_a_stage_is_a_detector_of_all_its_filters(desk: Desk) -> None:
    contents = ["Ana is a fool, meh."]
    [before] = await ask(desk, CONTENTS, "input", contents=contents)
    [after] = await ask(desk, CONTENTS, "output", contents=contents)

    assert [one["detector_id"] for one in before] == ["names", "tone"]
    assert [one["detector_id"] for one in after] == ["style", "faithful"]


async def test_a_detector_of_passages_judges_a_text_as_one(desk: Desk) -> None:
    chain = [
        instance(word("bomb"), id="sources", stage=Stage.RETRIEVAL),
        instance(Faithful(Options()), id="known", stage=Stage.RETRIEVAL, action="flag"),
    ]
    desk.let_write(chain=chain)
    [[found], calm] = await ask(desk, CONTENTS, "sources", contents=["A bomb.", "A gate."])
    [first] = [
        one for one in desk.records.exchanges if str(one.id) == found["metadata"]["exchange"]
    ]

    assert (found["start"], found["end"], found["text"]) == (2, 6, "bomb")
    assert calm == []
    assert ([p.text for p in first.passages], first.prompt) == (["A bomb."], "")
    assert await ask(desk, CONTENTS, "known", contents=["A gate."]) == [[]]


async def test_documents_are_judged_at_their_own_stage(desk: Desk) -> None:
    desk.let_write(chain=[instance(word("bomb"), id="sources", stage=Stage.RETRIEVAL)])
    body = {"context_type": "docs", "context": ["A gate.", "A bomb."]}
    [found] = await ask(desk, CONTEXT, "retrieval", content="What bomb?", **body)
    [kept] = desk.records.exchanges

    assert (found["detection"], found["metadata"]["action"]) == ("bomb", "block")
    assert kept.prompt == "What bomb?"


async def test_a_finding_without_a_place_is_the_whole_text(desk: Desk) -> None:
    [[found]] = await ask(desk, CONTENTS, "tone", contents=["You fool."])

    assert (found["start"], found["end"], found["text"]) == (0, 9, "You fool.")


async def test_generated_text_is_judged_with_its_prompt(desk: Desk) -> None:
    body = {"prompt": "Who?", "generated_text": "All evil."}
    [found] = await ask(desk, GENERATION, "manners", **body)
    [kept] = desk.records.exchanges

    assert (found["detection"], found["metadata"]["action"]) == ("evil", "block")
    assert "start" not in found
    assert (kept.prompt, kept.generated) == ("Who?", "All evil.")


async def test_a_text_is_held_against_documents_with_evidence(desk: Desk) -> None:
    body = {"context_type": "docs", "context": ["Gates hold water.", "Pipes carry it."]}
    [found] = await ask(desk, CONTEXT, "faithful", content="Gates hold gold.", **body)

    assert (found["detection"], found["score"]) == ("unsupported", 0.75)
    assert found["evidence"] == [{"name": "nearest", "value": "Pipes", "score": 0.25}]
    assert await ask(desk, CONTEXT, "faithful", content="hold water", **body) == []


async def test_a_prompt_is_held_against_documents_too(desk: Desk) -> None:
    body = {"context_type": "chunks", "context": ["x"]}
    [found] = await ask(desk, CONTEXT, "blocklist", content="A bomb.", **body)

    assert found["detection"] == "bomb"
    assert desk.records.exchanges[0].prompt == "A bomb."


async def test_a_threshold_leaves_out_what_scores_less(desk: Desk) -> None:
    body = {"contents": ["You fool."], "detector_params": {"threshold": 0.95}}
    whole = {"prompt": "", "generated_text": "x", "detector_params": {"threshold": 0.8}}

    assert await ask(desk, CONTENTS, "tone", **body) == [[]]
    assert await ask(desk, GENERATION, "faithful", **whole) == []


IMAGE = {"type": "image_url", "image_url": {"url": "PRIVATE"}}


def turn(role: str, content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def calling(*calls: Any) -> dict[str, Any]:
    return turn("assistant", tool_calls=list(calls))


def giving(arguments: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}


async def test_all_messages_of_a_conversation_are_judged(desk: Desk) -> None:
    parts = [{"type": "text", "text": "A bomb"}, {"type": "text", "text": " for Ana."}]
    messages = [turn("developer", "Be kind."), calling(giving("{}")), turn("user", parts)]
    found = await ask(desk, CHAT, "input", messages=messages)
    [kept] = desk.records.exchanges

    assert [one["detector_id"] for one in found] == ["names", "blocklist"]
    assert [(message.role, message.content) for message in kept.messages] == [
        ("developer", "Be kind."),
        ("assistant", "{}"),
        ("user", "A bomb for Ana."),
    ]


async def test_what_the_model_wrote_last_is_judged_with_its_conversation(desk: Desk) -> None:
    last = turn("assistant", "Fine.", refusal="No.", tool_calls=[giving("All evil.")])
    found = await ask(desk, CHAT, "output", messages=[turn("user", "Who?"), last])

    assert [one["detection"] for one in found].count("evil") == 1
    assert [kept.generated for kept in desk.records.exchanges] == ["Fine.", "No.", "All evil."]
    assert {kept.prompt for kept in desk.records.exchanges} == {"Who?"}


async def test_no_detector_of_passages_judges_messages(desk: Desk) -> None:
    desk.let_write(chain=[instance(word("bomb"), id="sources", stage=Stage.RETRIEVAL)])
    body = {"messages": [turn("user", "x")]}
    reply = await post(desk, CHAT, body, **{"detector-id": "sources"})

    assert (reply.status_code, reply.json()["code"]) == (404, 404)


async def test_no_texts_have_no_detections(desk: Desk) -> None:
    assert await ask(desk, CONTENTS, "names", contents=[]) == []
    assert desk.records.exchanges == []


async def test_a_long_document_comes_in_many_sentences(desk: Desk) -> None:
    contents = [f"Sentence {number}." for number in range(500)]

    assert await ask(desk, CONTENTS, "names", contents=contents) == [[]] * 500


def documents(kind: str, number: int) -> dict[str, Any]:
    return {"content": "PRIVATE", "context_type": kind, "context": ["PRIVATE"] * number}


@pytest.mark.parametrize(
    ("path", "detector", "body", "status", "param"),
    [
        (CONTENTS, "PRIVATE", {"contents": ["x"]}, 404, "detector-id"),
        (CONTENTS, "names", {"contents": ["PRIVATE"] * 513}, 422, "contents"),
        (CONTENTS, "names", {"contents": "PRIVATE"}, 422, "contents"),
        (
            CONTENTS,
            "names",
            {"contents": ["x"], "detector_params": {"PRIVATE": 1}},
            422,
            "detector_params",
        ),
        (GENERATION, "names", {"prompt": "PRIVATE", "generated_text": "x"}, 404, "detector-id"),
        (GENERATION, "manners", {"prompt": "PRIVATE"}, 422, "generated_text"),
        (CONTEXT, "faithful", documents("url", 1), 422, "context_type"),
        (CONTEXT, "faithful", documents("docs", 33), 422, "context"),
        (CHAT, "names", {"messages": []}, 422, "messages"),
        (CHAT, "names", {"messages": ["PRIVATE"]}, 422, "messages.0"),
        (CHAT, "names", {"messages": [{"role": "PRIVATE"}]}, 422, "messages.0.role"),
        (CHAT, "names", {"messages": [turn("user", 7)]}, 422, "messages.0.content"),
        (CHAT, "names", {"messages": [turn("user", [IMAGE])]}, 422, "messages.0.content.0.type"),
        (CHAT, "names", {"messages": [calling(7)]}, 422, "messages.0.tool_calls.0"),
        (CHAT, "names", {"messages": [calling({})]}, 422, "messages.0.tool_calls.0"),
        (CHAT, "names", {"messages": [turn("user", "x")] * 513}, 422, "messages"),
        (CHAT, "manners", {"messages": [turn("user", "PRIVATE")]}, 422, "messages"),
    ],
)
async def test_refusals_name_the_part_and_repeat_nothing(
    desk: Desk, path: str, detector: str, body: Any, status: int, param: str
) -> None:
    reply = await post(desk, path, body, **{"detector-id": detector})

    assert reply.status_code == status
    told = reply.json()
    assert told["error"]["param"] == param
    assert (told["code"], told["message"]) == (status, told["error"]["message"])
    assert "PRIVATE" not in reply.text
    assert desk.records.exchanges == []


async def test_the_header_is_needed(desk: Desk) -> None:
    error = (await post(desk, CONTENTS, {"contents": ["x"]})).json()["error"]

    assert (error["code"], error["param"]) == ("invalid_request", "header.detector-id")


async def test_documents_have_a_bound(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(passages_chars=3))
    await desk.open()
    body = {"content": "x", "context_type": "docs", "context": ["ab", "cd"]}
    reply = await post(desk, CONTEXT, body, **{"detector-id": Stage.OUTPUT.value})

    assert reply.json()["error"]["code"] == "passages_too_long"


async def test_a_broken_filter_is_an_error(desk: Desk) -> None:
    desk.let_write(chain=frail())
    reply = await post(desk, CONTENTS, {"contents": ["bad"]}, **{"detector-id": "input"})

    told = reply.json()
    assert (reply.status_code, told["error"]["code"]) == (503, "filter_failed")
    assert (told["code"], told["message"]) == (503, told["error"]["message"])


@pytest.mark.parametrize("path", [CONTENTS, GENERATION, CONTEXT, CHAT])
async def test_who_may_ask(desk: Desk, path: str) -> None:
    assert await status_for(desk, None, path) == 401
    assert await status_for(desk, Scope.REVIEW, path) == 403


async def test_its_probe_answers_everybody(desk: Desk) -> None:
    async with desk.client(None) as client:
        assert (await client.get("/health")).status_code == 200
