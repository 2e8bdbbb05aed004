"""Read the settings: `penstock.toml`, then `PENSTOCK_*` over it, then one strict validation."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource

from app.errors import SettingsError
from app.settings.group import Group
from app.settings.model import Settings
from app.settings.origin import PREFIX, SEPARATOR, Origin, dotted, variable

FILE = "penstock.toml"
MAX_BYTES = 1_000_000

# Read by the command line, not settings; `PENSTOCK_TEST_*` is left to the tests.
_OTHER_VARIABLES = frozenset({"PENSTOCK_CONFIG", "PENSTOCK_KEY", "PENSTOCK_URL"})
_TEST_PREFIX = "PENSTOCK_TEST_"
_HUB_VARIABLES = {"endpoint": "HF_ENDPOINT", "token": "HF_TOKEN"}
"""What other programs read too: the weakest of all, so that they never hide a choice of ours."""


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings of this process.

    The file is `path`, else the one named by `PENSTOCK_CONFIG`, else `penstock.toml` in the
    working directory, else none. Environment variables win over it; `HF_ENDPOINT` and `HF_TOKEN`
    count only where neither says anything.

    Raises:
        SettingsError: the file cannot be read, or a key is unknown or malformed. The message has
            one line a problem and names the place of each.
    """
    named = path or _named_file()
    file = named or Path(FILE)
    found = file.absolute() if named or file.exists() else None
    text = _read(file) if found else ""
    origin = Origin(file.name if text else "", text, _variables(), found)
    values = _merge(_merge(_of_the_hub(), _parse(file.name, text)), _environment())
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        message = "\n".join(_describe(problem, origin) for problem in problems)
        raise SettingsError(message) from None
    return settings.with_origin(origin)


def _named_file() -> Path | None:
    name = os.environ.get("PENSTOCK_CONFIG")
    return Path(name) if name else None


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise SettingsError(f"cannot read the settings file {file}: {reason}") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file.name}:{line}: the file is not UTF-8") from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{file.name} is larger than {MAX_BYTES} bytes")
    return text


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        found = re.search(r"line (\d+)", place)
        line = found.group(1) if found else str(text.count("\n") + 1)
        raise SettingsError(f"{name}:{line}: not valid TOML: {reason.lower()}") from None


class _Environment(EnvSettingsSource):
    """The variables as nested values; a list of words may be written with commas."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        if _is_list_of_words(field) and not value.lstrip().startswith("["):
            return [word.strip() for word in value.split(",") if word.strip()]
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            raise SettingsError(f"{variable((field_name,))}: the value is not JSON") from None


def _is_list_of_words(field: FieldInfo) -> bool:
    element = next(iter(get_args(field.annotation)), Group)
    return not (isinstance(element, type) and issubclass(element, Group))


def _environment() -> dict[str, Any]:
    _refuse_unknown(_variables())
    source = _Environment(
        # The settings are a plain frozen model, so that nothing reads the environment unasked.
        cast(type[BaseSettings], Settings),
        case_sensitive=False,
        env_prefix=PREFIX,
        env_nested_delimiter=SEPARATOR,
        env_ignore_empty=True,
    )
    return source()


def _of_the_hub() -> dict[str, Any]:
    found = {key: os.environ.get(name) for key, name in _HUB_VARIABLES.items()}
    said = {key: value.strip() for key, value in found.items() if value and value.strip()}
    return {"hub": said} if said else {}


def _variables() -> frozenset[str]:
    names = (name.upper() for name, value in os.environ.items() if value)
    return frozenset(
        name
        for name in names
        if name.startswith(PREFIX)
        and not name.startswith(_TEST_PREFIX)
        and name not in _OTHER_VARIABLES
    )


def _refuse_unknown(names: Iterable[str]) -> None:
    known = list(_known_variables(Settings, ()))
    unknown = sorted(set(names).difference(known))
    if unknown:
        lines = (f"{name}: unknown environment variable{_instead(name, known)}" for name in unknown)
        raise SettingsError("\n".join(lines))


def _instead(name: str, known: Iterable[str]) -> str:
    """Return the end of the message: the variable that was meant, or those of the same table."""
    table, _, key = name.rpartition(SEPARATOR)
    start = table + SEPARATOR
    inside = [other.removeprefix(start) for other in known if other.startswith(start)]
    if not inside:
        return did_you_mean(name, known)
    near = did_you_mean(key, inside).replace("mean ", f"mean {start}")
    return near or f"; known are {', '.join(start + other for other in inside)}"


def _known_variables(group: type[Group], path: tuple[str, ...]) -> Iterator[str]:
    for name, field in group.model_fields.items():
        yield variable((*path, name))
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield from _known_variables(field.annotation, (*path, name))


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def _describe(problem: ErrorDetails, origin: Origin) -> str:
    path = (*problem["loc"], *problem.get("ctx", {}).get("path", ()))
    place, key = origin.locate(path), dotted(path)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(path[:-1])
        return f"{place}: unknown key {key!r}{did_you_mean(str(path[-1]), known)}"
    if problem["type"] == "missing":
        return f"{place}: {key} is missing"
    reason = problem["msg"].replace("Input should", "it should", 1)
    return f"{place}: {key}: {reason}"


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
    group: Any = Settings
    for part in path:
        if isinstance(part, str) and part in group.model_fields:
            annotation = group.model_fields[part].annotation
            # tuple[ChainEntry, ...] stands for its entries
            group = next(iter(get_args(annotation)), annotation)
    return list(group.model_fields)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the one that was meant, if one is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""
