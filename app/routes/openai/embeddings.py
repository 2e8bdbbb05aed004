"""`POST /v1/embeddings`: the server's encoder."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from fastapi import APIRouter, Depends, Request
from numpy.typing import NDArray
from pydantic import ValidationError
from starlette.responses import Response

from app.errors import InvalidRequest, ModelNotFound, PromptTooLong, Unsupported
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.fields import Body, Word
from app.routes.interruption import until_interrupted
from app.routes.json_body import JsonResponse, read_json
from app.routes.openai.request import OneOrMore
from app.routes.schemas import body_docs
from app.routes.service import Served, Service
from app.routes.validation import invalid
from app.store.keys import Scope

router = APIRouter(tags=["openai"], dependencies=[requires(Scope.INFER)])

MAX_TEXTS = 256


class EmbeddingRequest(Body):
    """Texts to embed."""

    input: Annotated[list[str], OneOrMore]
    """A text, or up to 256 of them."""
    model: Word | None = None
    """The encoder, `name` or `name@version`."""
    encoding_format: Literal["float", "base64"] = "float"
    """Numbers, or the base64 of little-endian 32-bit floats."""
    dimensions: int | None = None
    """Accepted if it is the encoder's own dimension."""
    user: Word | None = None
    """Accepted; embeddings are not exchanges, so nothing of them is logged."""

    tokens_hint: ClassVar[str] = (
        "Send texts; tokens of another model's vocabulary mean nothing here."
    )

    @classmethod
    def read(cls, content: Any) -> EmbeddingRequest:
        """Check a body.

        Raises:
            InvalidRequest: it is not such a request.
            Unsupported: it holds tokens.
        """
        given = content.get("input") if isinstance(content, dict) else None
        if isinstance(given, list) and given and isinstance(given[0], int | list):
            raise Unsupported(cls.tokens_hint, param="input")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise invalid(error) from None

    def check(self, service: Service) -> None:
        """Hold the request against the encoder and the server's limits.

        Raises:
            InvalidRequest: there are no texts, or too many, or one is empty.
            PromptTooLong: all texts together have too many characters.
            ModelNotFound: it names another model.
            Unsupported: it wants other vectors than the encoder's.
        """
        reference, dimension = service.embedder.reference, service.embedder.dimension
        if self.model not in (None, reference, reference.partition("@")[0]):
            raise ModelNotFound(param="model")
        if self.dimensions not in (None, dimension):
            raise Unsupported(f"The encoder has {dimension} dimensions.", param="dimensions")
        if not 1 <= len(self.input) <= MAX_TEXTS or not all(self.input):
            raise InvalidRequest(f"1 to {MAX_TEXTS} texts, none of them empty.", param="input")
        most = service.settings.limits.prompt_chars
        if sum(map(len, self.input)) > most:
            raise PromptTooLong(f"The texts have more than {most} characters.", param="input")


async def _read(request: Request, service: Served) -> EmbeddingRequest:
    asked = EmbeddingRequest.read(await read_json(request))
    asked.check(service)
    return asked


@router.post(
    "/v1/embeddings",
    summary="Embed texts",
    response_model=dict[str, Any],
    responses=error_docs(400, 401, 403, 404, 408, 413, 415, 500, 503, 504),
    openapi_extra=body_docs(EmbeddingRequest),
)
async def create_embeddings(
    asked: Annotated[EmbeddingRequest, Depends(_read)], request: Request, service: Served
) -> Response:
    """Return one vector of length one for each text; a long text gets the mean of its windows."""
    work = service.embedder.embed(asked.input)
    vectors = await until_interrupted(request.receive, service.drain, work)
    tokens = await service.embedder.num_tokens(asked.input)
    written = _base64 if asked.encoding_format == "base64" else _floats
    return JsonResponse(
        {
            "object": "list",
            "model": service.embedder.reference,
            "data": [
                {"object": "embedding", "index": index, "embedding": written(vector)}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _floats(vector: NDArray[np.float32]) -> list[float]:
    return [float(number) for number in vector]


def _base64(vector: NDArray[np.float32]) -> str:
    return b64encode(vector.astype("<f4").tobytes()).decode("ascii")
