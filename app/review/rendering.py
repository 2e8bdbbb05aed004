"""Render pages that can load nothing and run nothing but our own files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.errors import PenstockError
from app.review.sessions import SignInNeeded

STATIC = Path(__file__).parent / "static"

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "HX-Request",
    "cache-control": "no-store",
}
_templates = Environment(
    loader=PackageLoader("app.review"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["version"] = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))
).hexdigest()[:12]


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    html = _templates.get_template(template).render({"key": None, **values})
    # A lone surrogate has no UTF-8 form; `segments` shows it as a sign, this is the last resort.
    return HTMLResponse(html.encode("utf-8", "replace"), status_code=status, headers=_HEADERS)


class PageRoute(APIRoute):
    """A route whose errors are pages too, and which leads to the sign-in where one is needed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        answer = super().get_route_handler()

        async def answer_with_pages(request: Request) -> Response:
            try:
                return await answer(request)
            except SignInNeeded as error:
                return _to_sign_in(request.headers, error)
            except PenstockError as error:
                return _problem(request.headers, error)

        return answer_with_pages


def is_part(headers: Mapping[str, str]) -> bool:
    """Whether the page asks for the list's results only, to put them in place."""
    return headers.get("hx-target") == "results"


def _problem(headers: Mapping[str, str], error: PenstockError) -> HTMLResponse:
    heading = _HEADINGS.get(error.status, "That did not work")
    if is_part(headers):
        return page("problem.html", error.status, message=f"{heading}. {error.message}")
    return page("error.html", error.status, heading=heading, message=error.message)


_HEADINGS: Mapping[int, str] = {
    403: "This key may not review",
    404: "There is no such exchange",
    503: "The log cannot be read right now",
}


def _to_sign_in(headers: Mapping[str, str], error: SignInNeeded) -> Response:
    if "hx-request" in headers:  # the whole page must change, not the part that was asked for
        return Response(status_code=401, headers={"hx-redirect": error.location})
    return RedirectResponse(error.location, status_code=303)
