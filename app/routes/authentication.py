"""Who may call what: every route declares it, and one that does not stops the server's start.

A route's first dependency is a `Guard`: `requires(Scope.INFER)` for one scope, `requires()` for
any valid key, or `SignIn()` on the pages where one signs in. Only `PUBLIC_PATHS` go without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi.params import Depends
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from app.errors import Forbidden, StartupError, Unauthorized, Unavailable
from app.routes.limits import admit
from app.routes.service import service_of
from app.store.keys import ApiKey, Scope

PUBLIC_PATHS = frozenset({"/livez", "/readyz", "/healthz", "/health"})


class Guard:
    """Stands before a route and lets those in who may call it."""

    async def __call__(self, connection: HTTPConnection) -> ApiKey | None:
        """Return who calls; whoever is known counts among the requests in work.

        Raises:
            Unauthorized: no valid credential came along.
            Forbidden: it lacks the route's scope.
            Overloaded: too many requests are in work.
        """
        caller = self.identify(connection)
        if caller is not None:
            admit(connection)
        return caller

    def identify(self, connection: HTTPConnection) -> ApiKey | None:
        """Return who calls, or None where anybody may; see `__call__`."""
        raise NotImplementedError


class KeyGuard(Guard):
    """Wants an API key: `Authorization: Bearer <key>` or `X-API-Key: <key>`."""

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    def identify(self, connection: HTTPConnection) -> ApiKey:
        """Return the request's key; see `Guard`."""
        ring = service_of(connection).keys
        secret = _secret(connection.headers)
        if secret is None:
            raise Unauthorized
        if not ring.is_loaded:
            raise Unavailable("The API keys cannot be checked: the database is not reachable.")
        key = ring.find(secret)
        if key is None:
            raise Unauthorized
        if self.scope is not None and self.scope not in key.scopes:
            raise Forbidden(f"This API key lacks the scope {self.scope.value!r}.")
        return key


class SignIn(Guard):
    """Lets anybody in. For the pages where one signs in, and for what those pages load."""

    def identify(self, connection: HTTPConnection) -> None:
        """Let pass."""


def requires(scope: Scope | None = None) -> Depends:
    """Return the dependency that wants an API key with this scope, or any valid one."""
    return Depends(KeyGuard(scope))


def check_routes(routes: Sequence[BaseRoute]) -> None:
    """Make sure that nothing is reachable by accident.

    Raises:
        StartupError: a route has no guard as its first dependency.
    """
    for path in unguarded(routes):
        if path not in PUBLIC_PATHS:
            raise StartupError(
                f"The route {path} does not say who may call it. Give it a guard as its first "
                "dependency, for example dependencies=[requires(Scope.REVIEW)]."
            )


def unguarded(routes: Sequence[BaseRoute]) -> Iterable[str]:
    """Yield the paths of all routes without a guard. A mounted application counts as one."""
    for context in iter_route_contexts(routes):
        dependant: Any = getattr(context.original_route, "dependant", None)
        effective = getattr(context, "dependant", dependant) if dependant else None
        dependencies = effective.dependencies if effective else []
        if not dependencies or not isinstance(dependencies[0].call, Guard):
            yield context.path or "?"


def _secret(headers: Headers) -> str | None:
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential.strip():
        return credential.strip()
    return headers.get("x-api-key") or None
