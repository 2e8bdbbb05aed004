"""LiteLLM's guardrail API over the chain; `tests/interop` asks with the proxy itself."""

from __future__ import annotations

from typing import Any

import pytest

from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from tests.app.routes.checks.chains import frail, post, rules, status_for
from tests.app.routes.serving import Desk

PATH = "/beta/litellm_basic_guardrail_api"


@pytest.fixture(autouse=True)
def chain(desk: Desk) -> None:
    desk.let_write(chain=rules())


async def ask(desk: Desk, kind: str, texts: list[str] | None, **more: Any) -> dict[str, Any]:
    reply = await post(desk, PATH, {"input_type": kind, "texts": texts, **more})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return {name: value for name, value in answer.items() if name != "penstock" and value}


def call(arguments: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}


async def test_what_is_harmless_passes(desk: Desk) -> None:
    assert await ask(desk, "request", ["Hello."]) == {"action": "NONE"}
    assert await ask(desk, "response", ["Hello."]) == {"action": "NONE"}


async def test_a_block_names_the_filter_and_repeats_nothing(desk: Desk) -> None:
    assert await ask(desk, "request", ["Hello.", "A bomb."]) == {
        "action": "BLOCKED",
        "blocked_reason": "Blocked by the filter 'blocklist'.",
    }
    assert await ask(desk, "response", ["Fine.", "All evil."]) == {
        "action": "BLOCKED",
        "blocked_reason": "Blocked by the filter 'manners'.",
    }


async def test_changed_texts_come_back_in_their_places(desk: Desk) -> None:
    assert await ask(desk, "request", ["Hello.", "I am Ana."]) == {
        "action": "GUARDRAIL_INTERVENED",
        "texts": ["Hello.", "I am [name]."],
    }
    assert await ask(desk, "response", ["Fine.", "Eve did."]) == {
        "action": "GUARDRAIL_INTERVENED",
        "texts": ["Fine.", "[name] did."],
    }


async def test_a_request_is_one_exchange_with_the_roles_of_its_messages(desk: Desk) -> None:
    structured = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Who?"}, {"type": "file"}]},
        {"role": "assistant", "content": None},
        {"role": ["stranger"], "content": "And when?"},
    ]
    await ask(
        desk,
        "request",
        ["Be kind.", "Who?", "And when?"],
        structured_messages=structured,
        request_data={"user_api_key_user_id": "u-1"},
        litellm_call_id="call-1",
        litellm_trace_id="trace-1",
        model="gpt-5",
    )
    [kept] = desk.records.exchanges

    assert [message.role for message in kept.messages] == ["system", "user", "user"]
    assert (kept.user, kept.session) == ("u-1", "trace-1")
    assert kept.metadata == {"check": "litellm", "litellm_call_id": "call-1", "model": "gpt-5"}


async def test_without_matching_messages_all_is_the_users(desk: Desk) -> None:
    await ask(desk, "request", ["One.", "Two."], structured_messages=[{"role": "system"}])
    [kept] = desk.records.exchanges

    assert [message.role for message in kept.messages] == ["user", "user"]


async def test_a_response_is_one_exchange_for_each_text(desk: Desk) -> None:
    await ask(desk, "response", ["One.", "Two."])

    assert [kept.generated for kept in desk.records.exchanges] == ["One.", "Two."]
    assert [kept.prompt for kept in desk.records.exchanges] == ["", ""]


async def test_the_arguments_of_tool_calls_are_judged(desk: Desk) -> None:
    assert (await ask(desk, "request", ["Hi."], tool_calls=[call("bomb")]))["action"] == "BLOCKED"
    assert (await ask(desk, "response", None, tool_calls=[call("evil")]))["action"] == "BLOCKED"
    assert await ask(desk, "response", ["Hi."], tool_calls=[call("fine")]) == {"action": "NONE"}


async def test_what_a_custom_tool_is_given_is_judged_too(desk: Desk) -> None:
    custom = {"id": "c1", "type": "custom", "custom": {"name": "shell", "input": "All evil."}}

    assert (await ask(desk, "response", ["Hi."], tool_calls=[custom]))["action"] == "BLOCKED"


async def test_a_developers_message_keeps_its_role(desk: Desk) -> None:
    structured = [{"role": "developer", "content": "Be kind."}]
    await ask(desk, "request", ["Be kind."], structured_messages=structured)

    assert [message.role for message in desk.records.exchanges[0].messages] == ["developer"]


async def test_arguments_that_would_change_block_since_they_cannot_be_sent_back(
    desk: Desk,
) -> None:
    for kind, name in {"request": "Ana", "response": "Eve"}.items():
        answer = await ask(desk, kind, ["Hi."], tool_calls=[call(name)])
        assert answer["action"] == "BLOCKED"
        assert "tool call" in answer["blocked_reason"]


async def test_a_changed_text_beside_a_harmless_tool_call(desk: Desk) -> None:
    for kind, name in {"request": "Ana", "response": "Eve"}.items():
        assert await ask(desk, kind, [name], tool_calls=[call("fine")]) == {
            "action": "GUARDRAIL_INTERVENED",
            "texts": ["[name]"],
        }


async def test_no_text_is_no_exchange(desk: Desk) -> None:
    assert await ask(desk, "request", [], tools=[{"type": "function"}]) == {"action": "NONE"}
    assert desk.records.exchanges == []


async def test_long_names_are_cut_for_the_log(desk: Desk) -> None:
    await ask(desk, "request", ["Hi."], litellm_trace_id="t" * 1_000, litellm_call_id="c" * 1_000)
    [kept] = desk.records.exchanges

    assert kept.session == "t" * 256
    assert kept.metadata["litellm_call_id"] == "c" * 256


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"texts": ["PRIVATE"]}, "invalid_request", "input_type"),
        ({"input_type": "PRIVATE", "texts": []}, "invalid_request", "input_type"),
        ({"input_type": "request", "texts": "PRIVATE"}, "invalid_request", "texts"),
        ({"input_type": "request", "texts": ["PRIVATE"] * 513}, "invalid_request", "texts"),
        (
            {"input_type": "response", "tool_calls": [{"type": "PRIVATE"}]},
            "unsupported_parameter",
            "tool_calls.0",
        ),
        (
            {"input_type": "response", "tool_calls": [{"function": {"arguments": {"x": 1}}}]},
            "invalid_request",
            "tool_calls.0.function.arguments",
        ),
        ({"input_type": "request", "images": ["PRIVATE"]}, "unsupported_parameter", "images"),
    ],
)
async def test_refusals_name_the_part_and_repeat_nothing(
    desk: Desk, body: Any, code: str, param: str
) -> None:
    reply = await post(desk, PATH, body)
    error = reply.json()["error"]

    assert (reply.status_code, error["code"], error["param"]) == (400, code, param)
    assert "PRIVATE" not in reply.text


async def test_a_broken_filter_is_an_error_so_that_nothing_passes(desk: Desk) -> None:
    desk.let_write(chain=frail())
    for kind in ("request", "response"):
        reply = await post(desk, PATH, {"input_type": kind, "texts": ["bad"]})
        assert (reply.status_code, reply.json()["error"]["param"]) == (503, "frail")


async def test_all_texts_together_have_a_bound(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(prompt_chars=3))
    await desk.open()
    body = {"input_type": "response", "texts": ["ab", "cd"]}
    error = (await post(desk, PATH, body)).json()["error"]

    assert (error["code"], error["param"]) == ("prompt_too_long", "texts")


async def test_who_may_ask(desk: Desk) -> None:
    assert await status_for(desk, None, PATH) == 401
    assert await status_for(desk, Scope.REVIEW, PATH) == 403
