from __future__ import annotations

import pytest

from app.store.keys import Scope
from tests.app.routes.serving import Desk
from tests.app.scripted import FixedLineup


def lineup_of(desk: Desk) -> FixedLineup:
    lineup = desk.app.state.service.lineup
    assert isinstance(lineup, FixedLineup)
    return lineup


async def test_the_served_models_are_listed(desk: Desk) -> None:
    async with desk.client(Scope.ADMIN) as client:
        answer = await client.get("/models")

    assert answer.json() == {
        "models": [
            {
                "name": "scripted",
                "version": "1",
                "task": "text-generation",
                "in_settings": True,
                "num_requests": 0,
                "num_waiting": 0,
                "problem": "",
            }
        ]
    }


async def test_what_is_wanted_reaches_the_lineup_with_who_wants_it(desk: Desk) -> None:
    async with desk.client(Scope.ADMIN) as client:
        loaded = await client.post("/models/scripted/load?version=2")
        newest = await client.post("/models/other/load")
        unloaded = await client.post("/models/scripted/unload")
        back = await client.post("/models/scripted/rollback")

    assert lineup_of(desk).wanted == [
        ("load", "scripted", "2", "admin"),
        ("load", "other", "", "admin"),
        ("unload", "scripted", "admin"),
        ("rollback", "scripted", "admin"),
    ]
    assert [r.status_code for r in (loaded, newest, unloaded, back)] == [200, 404, 409, 409]
    assert loaded.json()["models"][0]["name"] == "scripted"
    assert unloaded.json()["error"]["code"] == "model_in_use"
    assert back.json()["error"] == {
        "message": "It is damaged.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_loaded",
    }


@pytest.mark.parametrize(
    "path", ["Big/load", "-a/load", "a%2fb/load", "a/load?version=..", "/load"]
)
async def test_odd_names_are_refused_without_being_repeated(desk: Desk, path: str) -> None:
    async with desk.client(Scope.ADMIN) as client:
        answer = await client.post(f"/models/{path}")

    assert answer.status_code in (400, 404)
    assert lineup_of(desk).wanted == []


@pytest.mark.parametrize("scope", [Scope.INFER, Scope.REVIEW, None])
async def test_others_may_not_change_models(desk: Desk, scope: Scope | None) -> None:
    async with desk.client(scope) as client:
        answers = [await client.get("/models")]
        for verb in ("load", "unload", "rollback"):
            answers.append(await client.post(f"/models/scripted/{verb}"))

    assert {answer.status_code for answer in answers} == {403 if scope else 401}
    assert lineup_of(desk).wanted == []
