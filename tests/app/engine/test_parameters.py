"""Parameters of requests, as engines take them."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import Grammar, SamplingParameters
from app.engine.parameters import sampling_parameters


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ({}, SamplingParameters()),
        ({"max_tokens": 5, "seed": None}, SamplingParameters(max_tokens=5)),
        ({"stop": ["a", "b"]}, SamplingParameters(stop=("a", "b"))),
        ({"logit_bias": {"7": -100, "12": 1.5}}, SamplingParameters(logit_bias=((7, -100.0), (12, 1.5)))),
        ({"json_schema": {}}, SamplingParameters(grammar=Grammar("json_schema", "{}"))),
        ({"regex": "a+"}, SamplingParameters(grammar=Grammar("regex", "a+"))),
        ({"grammar": 'start: "a"'}, SamplingParameters(grammar=Grammar("lark", 'start: "a"'))),
    ],
)  # fmt: skip
def test_names_become_parameters(named: dict[str, Any], wanted: SamplingParameters) -> None:
    assert sampling_parameters(named) == wanted


def test_a_schema_keeps_the_order_of_its_members_and_any_text() -> None:
    schema = {"b": {"é": "\ud800"}, "a": 1}

    grammar = sampling_parameters({"json_schema": schema}).grammar

    assert grammar == Grammar("json_schema", '{"b": {"\\u00e9": "\\ud800"}, "a": 1}')
