"""`penstock filters`: what may stand in the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import frame

if TYPE_CHECKING:
    from filters import Filter, Unit

app = typer.Typer(
    name="filters",
    help="See which filters there are and what they take.",
    no_args_is_help=True,
)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_filters(as_json: _AsJson = False) -> None:
    """List all filters: the built-in ones and those of installed packages."""
    from app.chain.registry import filter_class, filter_names
    from app.errors import FilterError

    described, broken = [], {}
    for name in filter_names():
        try:
            described.append(_describe(name, filter_class(name)))
        except FilterError as error:
            broken[name] = error.message
    if as_json:
        frame.show_json([*described, *({"name": n, "error": e} for n, e in broken.items())])
        return
    rows = [
        *((e["name"], ", ".join(e["stages"]), e["unit"], e["summary"]) for e in described),
        *((name, "", "", f"broken: {message}") for name, message in broken.items()),
    ]
    frame.show_table(("filter", "stages", "judges", "what it does"), rows, "There are no filters.")


@app.command("show")
def show_filter(
    name: Annotated[str, typer.Argument(help="As in `penstock filters list`.")],
    as_json: _AsJson = False,
) -> None:
    """Explain one filter and its options."""
    from app.chain.registry import filter_class

    described = _describe(name, filter_class(name))
    if as_json:
        frame.show_json(described)
        return
    typer.echo(f"{name} (version {described['version']})\n")
    typer.echo(described["meaning"] + "\n")
    typer.echo(f"stages: {', '.join(described['stages'])}    judges: {described['unit']}\n")
    rows = (
        (option["name"], option["default"], option["allowed"], option["meaning"])
        for option in described["options"]
    )
    frame.show_table(("option", "default", "allowed", "meaning"), rows, "It has no options.")


def _describe(name: str, cls: type[Filter]) -> dict[str, Any]:
    import inspect

    from app.settings.reference import row

    meaning = inspect.getdoc(cls) or ""
    options = [row((key,), field) for key, field in cls.options_model.model_fields.items()]
    return {
        "name": name,
        "version": cls.version,
        "summary": meaning.partition("\n")[0],
        "meaning": meaning,
        "stages": sorted(cls.stages),
        "unit": _unit(cls.unit),
        "options": [
            {
                "name": option.path[0],
                "default": "required" if option.is_required else option.default or "not set",
                "allowed": option.allowed,
                "meaning": option.meaning,
            }
            for option in options
        ],
    }


def _unit(unit: Unit) -> str:
    return f"{unit.size} characters" if unit.kind == "window" else unit.kind
