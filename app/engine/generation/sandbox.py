"""A sandbox for templates that bounds the time they take and the texts they make.

Templates come with models from elsewhere. Jinja's sandbox keeps them from everything but their
variables; this one also ends loops that go on and on, and texts that grow without end. A loop whose
body does nothing at all is not noticed.
"""

from __future__ import annotations

import math
import re
from contextvars import ContextVar
from time import monotonic
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import do_format, do_indent
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARS = 10_000_000
DEADLINE_S = 2.0
PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"})
"""Methods that make a long text of a short one; no chat template needs them."""

WIDE = re.compile(r"\*|\d{4}")
"""In a format: a width that comes from elsewhere, or is far more than a text needs."""
WIDEST_INDENT = 64

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


class TooCostly(TemplateError):
    """The template takes too long, or makes too long a text."""


class _BoundedCode(CodeGenerator):
    """Lets the sandbox see `~`, which Jinja joins by a function of its own."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a deadline and a longest text; render with `render`."""

    code_generator_class = _BoundedCode
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in ("center", "wordwrap", "xmlattr", "urlize"):
            self.filters.pop(name)
        self.filters |= {"format": _format, "indent": _indent}
        self.globals.pop("lipsum")

    def joined(self, parts: tuple[Any, ...]) -> str:
        """Return the parts as one text."""
        texts = [str(part) for part in parts]
        _check(sum(map(len, texts)))
        return "".join(texts)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look an attribute up, while there is time."""
        _check()
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look an item up, while there is time."""
        _check()
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: Any) -> None:
        """Give no `str.format`, which Jinja hands out before it asks whether that is safe."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether a template may see it."""
        if isinstance(obj, str) and attr in PADDING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, obj: Any, /, *args: Any, **named: Any) -> Any:
        """Call something, while there is time."""
        _check()
        found = super().call(context, obj, *args, **named)
        _check(_size(found))
        return found

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute, unless the result would be too large."""
        _check(_size_of_result(operator, left, right))
        return super().call_binop(context, operator, left, right)


def render(template: Template, **values: Any) -> str:
    """Return what a template of a `BoundedSandbox` writes.

    Raises:
        TooCostly: it takes too long, or writes too much.
        Exception: anything else that a template may raise.
    """
    token = _deadline.set(monotonic() + DEADLINE_S)
    try:
        pieces: list[str] = []
        size = 0
        for piece in template.generate(**values):
            pieces.append(piece)
            size += len(piece)
            _check(size)
        return "".join(pieces)
    finally:
        _deadline.reset(token)


def _check(size: int = 0) -> None:
    if size > MAX_CHARS or monotonic() > _deadline.get():
        raise TooCostly


def _format(form: str, *values: Any, **named: Any) -> str:
    _check(MAX_CHARS + 1 if WIDE.search(form) else 0)
    return do_format(form, *values, **named)


def _indent(text: str, width: int | str = 4, *options: Any, **named: Any) -> str:
    wide = isinstance(width, int) and width > WIDEST_INDENT
    _check(MAX_CHARS + 1 if wide else 0)
    return do_indent(text, width, *options, **named)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def _size_of_result(operator: str, left: Any, right: Any) -> int:
    """Return about how large a result is; numbers may have ten digits."""
    match operator:
        case "+":
            return _size(left) + _size(right)
        case "%" if isinstance(left, str):
            return MAX_CHARS + 1 if WIDE.search(left) else 0
        case "*" | "**" if isinstance(left, int | float) and isinstance(right, int | float):
            return 0 if max(abs(left), abs(right)) < 10**10 and operator == "*" else MAX_CHARS + 1
        case "*":
            sized, times = (right, left) if isinstance(left, int) else (left, right)
            return _size(sized) * times if isinstance(times, int) else 0
    return 0
