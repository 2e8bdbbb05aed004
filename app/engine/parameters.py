"""Sampling parameters by the names that they have in requests and in the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.engine import Grammar, SamplingParameters


def sampling_parameters(named: Mapping[str, Any]) -> SamplingParameters:
    """Return the parameters that JSON values name; a request's schema has checked them.

    `json_schema` (an object), `regex` and `grammar` (strings) become the grammar, of which there
    is at most one; `logit_bias` maps a token's number, as a string, to what is added. `raw` is
    left out: it is about the prompt.
    """
    given = {name: value for name, value in named.items() if value is not None and name != "raw"}
    grammar = _pop_grammar(given)
    if "stop" in given:
        given["stop"] = tuple(given["stop"])
    if "logit_bias" in given:
        given["logit_bias"] = tuple((int(t), float(add)) for t, add in given["logit_bias"].items())
    return SamplingParameters(**given, grammar=grammar)


def _pop_grammar(given: dict[str, Any]) -> Grammar | None:
    found: Grammar | None = None
    if (schema := given.pop("json_schema", None)) is not None:
        found = Grammar("json_schema", json.dumps(schema))
    if (regex := given.pop("regex", None)) is not None:
        found = Grammar("regex", regex)
    if (lark := given.pop("grammar", None)) is not None:
        found = Grammar("lark", lark)
    return found
