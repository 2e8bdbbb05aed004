from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from app.settings import LimitSettings
from app.store.database import Database
from app.store.keys import Scope
from tests.app.routes.serving import Desk

PATH = "/v1/embeddings"


async def ask(desk: Desk, **body: Any) -> Any:
    async with desk.client() as client:
        return (await client.post(PATH, json=body)).json()


async def test_a_vector_for_each_text(desk: Desk) -> None:
    answer = await ask(desk, input=["even", "odd"], model="encoder", user="u-1")

    assert answer["model"] == "encoder@1"
    assert [(one["index"], one["embedding"]) for one in answer["data"]] == [
        (0, [1.0, 0.0]),
        (1, [0.0, 1.0]),
    ]
    assert answer["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    assert desk.records.exchanges == []


async def test_base64_is_little_endian_floats(desk: Desk) -> None:
    answer = await ask(desk, input="odd", encoding_format="base64", dimensions=2)
    coded = base64.b64decode(answer["data"][0]["embedding"])

    assert np.frombuffer(coded, dtype="<f4").tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"input": "a", "model": "scripted"}, "model_not_found", "model"),
        ({"input": "a", "dimensions": 3}, "unsupported_parameter", "dimensions"),
        ({"input": [1, 2]}, "unsupported_parameter", "input"),
        ({"input": [[1, 2]]}, "unsupported_parameter", "input"),
        ({"input": []}, "invalid_request", "input"),
        ({"input": ["a", ""]}, "invalid_request", "input"),
        ({"input": ["a"] * 257}, "invalid_request", "input"),
        ({"input": "a", "encoding_format": "hex"}, "invalid_request", "encoding_format"),
        ({}, "invalid_request", "input"),
    ],
)
async def test_refusals_name_the_part(
    desk: Desk, body: dict[str, Any], code: str, param: str
) -> None:
    error = (await ask(desk, **body))["error"]

    assert (error["code"], error["param"]) == (code, param)


async def test_all_texts_together_have_a_bound(database: Database, tmp_path: Any) -> None:
    desk = Desk(tmp_path, database, limits=LimitSettings(prompt_chars=10))
    await desk.open()
    error = (await ask(desk, input=["123456", "7890x"]))["error"]

    assert (error["code"], error["param"]) == ("prompt_too_long", "input")


async def test_it_wants_the_scope_before_it_reads(desk: Desk) -> None:
    async with desk.client(Scope.REVIEW) as client:
        assert (await client.post(PATH, json={"input": []})).status_code == 403
