from __future__ import annotations

from app.routes.openai.tokens import token_columns, token_entry
from tests.app.routes.openai.written import token, tokens


def test_a_token_with_its_alternatives() -> None:
    shown = token_entry(token("é", -0.5, top=(token("é", -0.5), token("e", -1.0))))

    assert shown == {
        "token": "é",
        "logprob": -0.5,
        "bytes": [195, 169],
        "top_logprobs": [
            {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
            {"token": "e", "logprob": -1.0, "bytes": [101]},
        ],
    }


def test_tokens_in_columns() -> None:
    one, two = tokens("It is ", "late.")

    assert token_columns([(one, 0), (two, 6)]) == {
        "tokens": ["It is ", "late."],
        "token_logprobs": [-1.0, -2.0],
        "top_logprobs": [{}, {}],
        "text_offset": [0, 6],
    }
