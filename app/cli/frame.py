"""What all commands share: the chosen settings, how errors look, how results are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from app.errors import PenstockError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from app.settings import Settings

config_file: ContextVar[Path | None] = ContextVar("config_file", default=None)
"""What `--config` said."""

_WIDTH_OF_A_PIPE = 200

# Codes that would steer the reader's terminal, or turn the direction of its text.
_INVISIBLE = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))} | {
    code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200F)
}


class Commands(TyperGroup):
    """The root of all commands: an expected error is one red sentence, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command line; exit with 1 after an error of ours."""
        try:
            return super().invoke(ctx)
        except PenstockError as error:
            if ctx.params.get("debug"):
                raise
            complain(error.message)
            raise typer.Exit(1) from error


def settings() -> Settings:
    """Read the settings that the command line chose.

    Raises:
        SettingsError: see `load_settings`.
    """
    from app.settings import load_settings

    return load_settings(config_file.get())


def console() -> Console:
    """Return where results go; through a pipe lines are wide, so that nothing is cut."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, highlight=False)


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(
        visible(message), style="bold red", markup=False, soft_wrap=True
    )


def stdin_text() -> str:
    """Read all of stdin; what is not UTF-8 is refused where the same in an argument is."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def bar() -> Progress:
    """Return a progress bar on stderr, which is gone when it ends."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    description = TextColumn("{task.description}", markup=False)
    console = Console(stderr=True)
    return Progress(BarColumn(), MofNCompleteColumn(), description, console=console, transient=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """Print a table, or the sentence `empty` when there is nothing to show."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(visible(str(cell)), overflow="fold") for cell in row))
    if table.row_count:
        console().print(table)
    else:
        typer.echo(empty)


def show_json(value: Any, *, lines: bool = False) -> None:
    """Print a value as JSON, moments and ids as texts; `lines` puts it on one line.

    All that is not ASCII is escaped.
    """
    typer.echo(json.dumps(value, indent=None if lines else 2, default=str))


def visible(text: str) -> str:
    """Write out what would steer the terminal or cannot be printed, so that any text can be."""
    return text.translate(_INVISIBLE).encode("utf-8", "backslashreplace").decode("utf-8")
