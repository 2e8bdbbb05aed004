"""Which filter a command means: an instance of the chain, or a class with options of its own."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import FilterError

if TYPE_CHECKING:
    from app.settings import ChainEntry, Settings

Id = Annotated[
    str,
    typer.Argument(
        metavar="id", help="An id of the chain in penstock.toml, or the name of a filter."
    ),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="key=value",
        help="An option of the filter, as TOML; names the filter itself, not one of the chain. "
        "May be given again.",
    ),
]
OfStage = Annotated[
    str | None,
    typer.Option(
        metavar="stage",
        help="Where a filter that is named by itself stands: input, retrieval, output; "
        "otherwise where it may.",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Another threshold than that of the chain, or than 0.5."),
]


def chosen_entry(
    settings: Settings, name: str, options: list[str] | None, stage: str | None
) -> ChainEntry:
    """Return the entry of the chain with this id, or one made for the filter of this name.

    Raises:
        FilterError: there is neither, or an option is none.
    """
    from app.exchange import Mode

    entry = next((one for one in settings.chain if one.id == name), None)
    if entry and not options and stage in (None, entry.stage):
        is_off = entry.mode is Mode.OFF
        return entry.model_copy(update={"mode": Mode.ENFORCE}) if is_off else entry
    return _made_entry(settings, name, options or [], stage)


def parse_options(given: list[str]) -> dict[str, Any]:
    """Read `key=value` pairs; a value is TOML, or text where it does not look like TOML.

    Raises:
        FilterError: one has no key, or a value begins like TOML and is none.
    """
    options = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not (equals and key.strip().isidentifier()):
            raise FilterError("An option is written key=value, for example limit=4.")
        options[key.strip()] = _value(key.strip(), value)
    return options


def _made_entry(settings: Settings, name: str, options: list[str], stage: str | None) -> ChainEntry:
    from app.chain.registry import filter_class, filter_names
    from app.settings import ChainEntry
    from app.settings.source import did_you_mean
    from filters import Stage

    if name not in filter_names():
        ids = [one.id for one in settings.chain]
        meant = did_you_mean(name, [*ids, *filter_names()])
        raise FilterError(
            f"There is no filter {name!r}, and no such id in the chain{meant or '.'} Known filters: "
            f"{', '.join(filter_names())}. Ids: {', '.join(ids) or 'none'}."
        )
    stages = filter_class(name).stages
    default = next(one for one in Stage if one in stages)
    if stage is not None and stage not in set(Stage):
        raise FilterError(f"There is no stage {stage!r}: it is {', '.join(Stage)}.")
    wanted = Stage(stage) if stage else default
    return ChainEntry(id=name, filter=name, stage=wanted, options=parse_options(options))


def _value(key: str, text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        if text.lstrip().startswith(("[", "{", '"', "'")):
            written = 'as in penstock.toml, and quoted for the shell: -o \'words=["a", "b"]\''
            raise FilterError(
                f"The value of {key} is not valid TOML. Write it {written}."
            ) from error
        return text
