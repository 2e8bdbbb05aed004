"""The parameters of requests: what reaches the engine, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.engine import Grammar, SamplingParameters
from app.engine.parameters import sampling_parameters
from app.routes.parameters import Parameters
from app.routes.schemas import InferRequest
from app.routes.validation import invalid

ALL: dict[str, Any] = {
    "max_tokens": 9,
    "min_tokens": 2,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.05,
    "repetition_penalty": 1.1,
    "presence_penalty": -0.5,
    "frequency_penalty": 2,
    "logit_bias": {"17": -100, "3": 0.5},
    "seed": 7,
    "stop": ["END"],
    "logprobs": 5,
}


def test_everything_reaches_the_engine() -> None:
    asked = InferRequest.model_validate({"prompt": "x", "parameters": {**ALL, "regex": "a+"}})

    parameters = sampling_parameters(asked.to_exchange("m", None).parameters)

    for name, value in ALL.items():
        if name not in ("logit_bias", "stop"):
            assert getattr(parameters, name) == value, name
    assert parameters.logit_bias == ((17, -100.0), (3, 0.5))
    assert parameters.stop == ("END",)
    assert parameters.grammar == Grammar("regex", "a+")


def test_that_a_prompt_is_raw_is_kept_with_the_parameters() -> None:
    asked = InferRequest.model_validate({"prompt": "x", "parameters": {"raw": True}})
    exchange = asked.to_exchange("m", None)

    assert exchange.is_raw
    assert exchange.parameters == {"raw": True}
    assert sampling_parameters(exchange.parameters) == SamplingParameters()
    assert not InferRequest.model_validate({"prompt": "x"}).to_exchange("m", None).is_raw


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"min_p": 1.5}, "parameters.min_p"),
        ({"repetition_penalty": 0}, "parameters.repetition_penalty"),
        ({"presence_penalty": 2.5}, "parameters.presence_penalty"),
        ({"frequency_penalty": -2.5}, "parameters.frequency_penalty"),
        ({"logprobs": 21}, "parameters.logprobs"),
        ({"min_tokens": 5, "max_tokens": 4}, "parameters"),
        ({"logit_bias": {"secret": 1}}, "parameters.logit_bias"),
        ({"logit_bias": {"-1": 1}}, "parameters.logit_bias"),
        ({"logit_bias": {"1" * 8: 1}}, "parameters.logit_bias"),
        ({"logit_bias": {"²": 1}}, "parameters.logit_bias"),
        ({"logit_bias": {"1": 101}}, "parameters.logit_bias"),
        ({"logit_bias": {"1": "secret"}}, "parameters.logit_bias"),
        ({"logit_bias": {"1": True}}, "parameters.logit_bias"),
        ({"logit_bias": {str(token): 1 for token in range(1_025)}}, "parameters.logit_bias"),
        ({"logit_bias": [1]}, "parameters.logit_bias"),
        ({"regex": ""}, "parameters.regex"),
        ({"regex": "a" * 9_000}, "parameters.regex"),
        ({"grammar": 5}, "parameters.grammar"),
        ({"json_schema": "{}"}, "parameters.json_schema"),
        ({"json_schema": {}, "regex": "secret"}, "parameters"),
    ],
)
def test_bounds_hold_and_nothing_is_repeated(parameters: dict[str, Any], param: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InferRequest.model_validate({"prompt": "x", "parameters": parameters})

    error = invalid(caught.value)
    assert error.param == param
    assert "secret" not in error.message


def test_an_empty_bias_and_no_grammar_are_fine() -> None:
    assert sampling_parameters(Parameters(logit_bias={}).model_dump()).logit_bias == ()
