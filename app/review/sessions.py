"""Signed-in reviewers: a signed cookie that names an API key, and nothing else."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.errors import Forbidden, Unauthorized
from app.routes.authentication import Guard
from app.routes.service import service_of
from app.store.keys import ApiKey, Scope

COOKIE = "penstock_review"
HOME = "/review"
MAX_PATH_CHARS = 4_000
LIFETIME_S = 12 * 3_600


class SignInNeeded(Unauthorized):
    """Nobody is signed in, or the key was revoked since; carries where to go back to."""

    def __init__(self, path: str) -> None:
        super().__init__("Sign in first.")
        self.location = f"{HOME}/sign-in?next={quote(path)}"


class Sessions:
    """Makes and reads the cookie. The key is looked up again with every request."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="penstock.review")

    def begin(self, response: Response, key: ApiKey, *, secure: bool) -> None:
        """Sign the holder of a key in."""
        response.set_cookie(
            COOKIE,
            self._serializer.dumps(key.id.hex),
            max_age=LIFETIME_S,
            path=HOME,
            secure=secure,
            httponly=True,
            samesite="strict",
        )

    def end(self, response: Response) -> None:
        """Sign out."""
        response.delete_cookie(COOKIE, path=HOME, httponly=True, samesite="strict")

    def key_id(self, connection: HTTPConnection) -> UUID | None:
        """Return the key that a request's cookie names, if the cookie is ours and not too old."""
        try:
            return UUID(self._serializer.loads(connection.cookies[COOKIE], max_age=LIFETIME_S))
        except (KeyError, BadData, ValueError, TypeError, AttributeError):
            return None


class SignedIn(Guard):
    """Wants a reviewer's session."""

    def identify(self, connection: HTTPConnection) -> ApiKey:
        """Return the key that is signed in.

        Raises:
            SignInNeeded: there is none.
            Forbidden: the key has lost the scope.
        """
        sessions: Sessions = connection.app.state.review_sessions
        key_id = sessions.key_id(connection)
        key = service_of(connection).keys.get(key_id) if key_id else None
        if key is None:
            raise SignInNeeded(_here(connection))
        if Scope.REVIEW not in key.scopes:
            raise Forbidden
        return key


_signed_in = Depends(SignedIn())
Reviewer = Annotated[ApiKey, _signed_in]
"""A route's parameter of this type is given who is signed in; it must be the first one."""


def is_ours(path: str) -> bool:
    """Whether a path leads to the review pages and not out of them, and is no monster."""
    return len(path) <= MAX_PATH_CHARS and (
        path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    )


def _here(connection: HTTPConnection) -> str:
    query: bytes = connection.scope.get("query_string", b"")
    path: str = connection.scope["path"]
    return f"{path}?{query.decode('latin-1')}" if query else path
