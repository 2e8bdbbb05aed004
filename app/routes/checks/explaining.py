"""Errors of checks, with what clients of other guards look for beside our own shape."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app.errors import DeadlineExceeded, InvalidRequest, PenstockError
from app.routes.answers import ErrorResponse
from app.routes.envelope import error_response, reported
from app.routes.validation import explain


class NotJudged(Exception):
    """A check that ended with an error instead of an answer.

    Args:
        error: what a client may know of it.
        headers: what tells of the record.
    """

    def __init__(self, error: PenstockError, headers: Mapping[str, str]) -> None:
        super().__init__(error.message)
        self.error = error
        self.headers = headers


class CheckRoute(APIRoute):
    """A check in a form whose clients read errors as ours are."""

    errors: ClassVar[type[ErrorResponse]] = ErrorResponse
    """What an error looks like."""
    invalid_status: ClassVar[int] = InvalidRequest.status
    """Of a request that cannot be understood or is out of bounds."""
    late_status: ClassVar[int] = DeadlineExceeded.status
    """Of one that takes too long."""

    @classmethod
    def status(cls, ours: int) -> int:
        """Return the status that clients of the form expect for one of ours."""
        named = {
            InvalidRequest.status: cls.invalid_status,
            DeadlineExceeded.status: cls.late_status,
        }
        return named.get(ours, ours)

    @classmethod
    def members(cls, error: PenstockError) -> dict[str, Any]:
        """Return what stands beside the member `error`."""
        return {}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, errors included."""
        answer = super().get_route_handler()

        async def answer_or_explain(request: Request) -> Response:
            try:
                return await answer(request)
            except NotJudged as failed:
                return self._response(failed.error, failed.headers)
            except PenstockError as error:
                return self._response(reported(error))
            except RequestValidationError as error:
                return self._response(explain(error.errors()))

        return answer_or_explain

    def _response(self, error: PenstockError, headers: Mapping[str, str] | None = None) -> Response:
        response = error_response(error, headers, self.members(error))
        response.status_code = self.status(error.status)
        return response


class LlmGuardError(ErrorResponse):
    """An error as llm-guard's server has it, with ours beside it."""

    message: str
    """What went wrong, for people."""
    details: list[dict[str, Any]] | None
    """Which part of the request is wrong."""


class LlmGuardRoute(CheckRoute):
    """A route whose errors llm-guard's clients can read."""

    errors = LlmGuardError
    invalid_status = 422
    late_status = 408

    @classmethod
    def members(cls, error: PenstockError) -> dict[str, Any]:
        """Return `message` and `details`."""
        details = None
        if isinstance(error, InvalidRequest):
            place = ["body", *(error.param or "").split(".")] if error.param else ["body"]
            details = [{"loc": place, "msg": error.message, "type": error.code}]
        return {"message": error.message, "details": details}


class DetectorError(ErrorResponse):
    """An error as the orchestrator reads it from a detector, with ours beside it."""

    code: int
    """The HTTP status."""
    message: str
    """What went wrong, for people."""


class DetectorRoute(CheckRoute):
    """A route whose errors the FMS orchestrator can read."""

    errors = DetectorError
    invalid_status = 422

    @classmethod
    def members(cls, error: PenstockError) -> dict[str, Any]:
        """Return `code` and `message`."""
        return {"code": cls.status(error.status), "message": error.message}
