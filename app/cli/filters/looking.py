"""Which filters there are, where they come from, and what they take."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import frame
from app.cli.filters.group import AsJson, app
from app.errors import FilterError

if TYPE_CHECKING:
    from filters import Filter, Unit


_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")


@app.command("list")
def list_filters(as_json: AsJson = False) -> None:
    """List all filters: the built-in ones and those of installed packages."""
    from app.chain.registry import filter_class, filter_names, filter_origin

    described, broken = [], {}
    for name in filter_names():
        try:
            described.append(_describe(name, filter_class(name)))
        except FilterError as error:
            broken[name] = error.message
    if as_json:
        wrong = ({"name": n, "from": filter_origin(n), "error": e} for n, e in broken.items())
        frame.show_json([*described, *wrong])
        return
    rows = [
        *(
            (e["name"], e["from"], ", ".join(e["stages"]), e["unit"], _names(e), e["summary"])
            for e in described
        ),
        *((n, filter_origin(n), "", "", "", f"broken: {e}") for n, e in broken.items()),
    ]
    columns = ("filter", "from", "stages", "judges", "options", "what it does")
    frame.show_table(columns, rows, "There are no filters.")


@app.command("show")
def show_filter(
    name: Annotated[str, typer.Argument(help="As in `penstock filters list`.")],
    as_json: AsJson = False,
) -> None:
    """Explain one filter, its options and its canaries; as JSON with the options' JSON Schema."""
    from app.chain.registry import filter_class
    from app.chain.schema import options_schema

    cls = filter_class(name)
    described, canaries = _describe(name, cls), _canaries(name)
    if as_json:
        described["schema"] = options_schema(name)
        described["canaries"] = canaries
        frame.show_json(described)
        return
    typer.echo(f"{name} (version {described['version']}, {described['from']})\n")
    typer.echo((described["meaning"] or "Its class has no docstring.") + "\n")
    typer.echo(f"stages: {', '.join(described['stages'])}    judges: {described['unit']}\n")
    rows = (tuple(option.values()) for option in described["options"])
    columns = ("option", "type", "default", "allowed", "meaning")
    frame.show_table(columns, rows, "It has no options.")
    _show_canaries(canaries)


def _describe(name: str, cls: type[Filter]) -> dict[str, Any]:
    from app.chain.registry import filter_origin

    meaning = _meaning(cls)
    return {
        "name": name,
        "from": filter_origin(name),
        "version": cls.version,
        "summary": meaning.partition("\n")[0],
        "meaning": meaning,
        "stages": sorted(cls.stages),
        "unit": _unit(cls.unit),
        "options": _options(cls),
    }


def _meaning(cls: type[Filter]) -> str:
    """Return the docstring of the class, or of one that it comes from; the contract's says nothing."""
    from filters import Filter

    own = (base for base in cls.__mro__ if issubclass(base, Filter) and base is not Filter)
    return next((inspect.cleandoc(base.__doc__) for base in own if base.__doc__), "")


def _options(cls: type[Filter]) -> list[dict[str, str]]:
    from app.settings.reference import row

    fields = cls.options_model.model_fields
    options = {name: row((name,), field) for name, field in fields.items()}
    return [
        {
            "name": name,
            "type": _type(fields[name].annotation),
            "default": "required" if option.is_required else option.default or "not set",
            "allowed": option.allowed,
            "meaning": option.meaning,
        }
        for name, option in options.items()
    ]


def _type(annotation: Any) -> str:
    """Return a type as Python writes it."""
    return _MODULE.sub("", inspect.formatannotation(annotation))


def _names(described: dict[str, Any]) -> str:
    return ", ".join(option["name"] for option in described["options"])


def _canaries(name: str) -> list[dict[str, Any]] | None:
    """Return the canaries of the filter with its defaults; None where it needs options."""
    from app.chain.contract import canaries_of
    from app.chain.registry import build

    try:
        judge = build(name, {})
    except FilterError:
        return None
    return [
        {"text": one.text, "bad": one.bad, "question": one.question} for one in canaries_of(judge)
    ]


def _show_canaries(canaries: list[dict[str, Any]] | None) -> None:
    if canaries is None:
        typer.echo("\nIts canaries depend on its options.")
    elif canaries:
        rows = (("bad" if one["bad"] else "good", one["text"]) for one in canaries)
        frame.show_table(("\ncanary", "\ntext"), rows, "")


def _unit(unit: Unit) -> str:
    return f"{unit.size} characters" if unit.kind == "window" else unit.kind
