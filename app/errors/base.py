"""The base of every error that is raised on purpose."""

from __future__ import annotations


class PenstockError(Exception):
    """Base of all; says how it looks over HTTP."""

    status = 500
    type = "server_error"
    code = "internal_error"
    default_message = "The server failed. The error has been logged."
    retry_after_s: float | None = None

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or self.default_message
        self.param = param
        super().__init__(self.message)
