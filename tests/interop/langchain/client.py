"""LangChain's OpenAI integration against a running server: `client.py URL KEY`.

Runs in an environment of its own. Prints what came back, as JSON, for the test to judge.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import BadRequestError


def main(url: str, key: str) -> dict[str, Any]:
    """Use the server in the ways people do, and return what came back."""
    model = ChatOpenAI(model="recital", base_url=url, api_key=key, max_retries=2)
    responses = ChatOpenAI(model="recital", base_url=url, api_key=key, use_responses_api=True)
    messages = [SystemMessage("Recite."), HumanMessage("Go.")]
    answer = model.invoke(messages)
    pieces = list(model.stream(messages, stream_usage=True))
    encoder = OpenAIEmbeddings(
        model="encoder",
        base_url=url,
        api_key=key,
        # It would send tokens of another model's vocabulary.
        check_embedding_ctx_length=False,
    )
    return {
        "text": answer.content,
        "finish_reason": answer.response_metadata["finish_reason"],
        "usage": answer.usage_metadata,
        "streamed": "".join(str(piece.content) for piece in pieces),
        "streamed_usage": next(p.usage_metadata for p in pieces if p.usage_metadata),
        "response": responses.invoke(messages).text,
        "streamed_response": "".join(piece.text for piece in responses.stream(messages)),
        "batch": [reply.content for reply in model.batch([messages, messages])],
        "blocked": model.invoke("dynamite").response_metadata["finish_reason"],
        "refusal": _refusal(model),
        "structured": _colour(url, key),
        "vectors": [len(vector) for vector in encoder.embed_documents(["gates", "pipes"])],
    }


def _refusal(model: ChatOpenAI) -> str:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    try:
        model.bind_tools([tool]).invoke("Go.")
    except BadRequestError as error:
        return str(error.code)
    return "none"


def _colour(url: str, key: str) -> dict[str, Any]:
    """Let a model that babbles write by a schema."""
    noise = ChatOpenAI(model="noise", base_url=url, api_key=key, max_tokens=100)
    schema = {
        "title": "colour",
        "type": "object",
        "properties": {"name": {"enum": ["red", "green"]}},
        "required": ["name"],
        "additionalProperties": False,
    }
    found: dict[str, Any] = noise.with_structured_output(schema, method="json_schema").invoke("Go.")
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
