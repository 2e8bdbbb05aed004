from __future__ import annotations

from app.store.keys import Scope
from tests.app.routes.serving import Desk


async def test_the_served_models_and_the_encoder(desk: Desk) -> None:
    async with desk.client() as client:
        listed = (await client.get("/v1/models")).json()
    tasks = {model["id"]: model["penstock"]["task"] for model in listed["data"]}

    assert listed["object"] == "list"
    assert tasks == {
        "scripted": "text-generation",
        "encoder": "feature-extraction",
        "encoder@1": "feature-extraction",
    }


async def test_one_model(desk: Desk) -> None:
    async with desk.client() as client:
        found = (await client.get("/v1/models/scripted")).json()
        unknown = await client.get("/v1/models/other")

    assert (found["id"], found["object"], found["owned_by"]) == ("scripted", "model", "penstock")
    assert found["created"] > 1_700_000_000
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


async def test_they_want_the_scope(desk: Desk) -> None:
    async with desk.client(Scope.REVIEW) as client:
        assert (await client.get("/v1/models")).status_code == 403
