"""The dialect of Jinja in which chat templates are published, in a sandbox."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, LoopControlExtension
from jinja2.parser import Parser

from app.engine.generation.sandbox import WIDEST_INDENT, BoundedSandbox


class GenerationTag(Extension):
    """Reads `{% generation %}…{% endgeneration %}` as its content: it marks text for training."""

    tags = {"generation"}  # noqa: RUF012  as the base class says it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return the statements inside."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment() -> BoundedSandbox:
    """Return what published templates are written for.

    What is not defined is empty there: templates ask for `message.tool_calls` and the like.
    """
    made = BoundedSandbox(
        extensions=[LoopControlExtension, GenerationTag],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # it writes text for a model, not HTML
    )
    made.globals["raise_exception"] = _refuse
    made.globals["strftime_now"] = _now
    made.filters["tojson"] = _to_json
    return made


def _refuse(*_: object) -> Sequence[str]:
    """Let templates refuse messages."""
    raise TemplateError("refused")


def _now(form: str) -> str:
    return dt.datetime.now().astimezone().strftime(form)


def _to_json(value: Any, indent: int | None = None, **_: object) -> str:
    """Write JSON for a model: nothing is escaped that only HTML needs escaped."""
    indent = None if indent is None else min(indent, WIDEST_INDENT)
    return json.dumps(value, ensure_ascii=False, indent=indent)
