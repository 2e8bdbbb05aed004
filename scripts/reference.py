"""Write the parts of docs/ that the code knows best: the settings and the commands.

make docs                              write them
python -m scripts.reference --check    only tell whether they are up to date
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from app.settings.reference import Row, rows

ROOT = Path(__file__).resolve().parent.parent
OPERATING = ROOT / "docs" / "operating.md"
COMMANDS = ROOT / "docs" / "commands.md"
BEGIN, END = "<!-- settings: written by make docs -->\n", "<!-- end of settings -->\n"


def main(arguments: list[str]) -> int:
    """Write or check the generated parts; return the exit status."""
    is_check = "--check" in arguments
    stale = False
    for file, text in ((OPERATING, operating()), (COMMANDS, commands())):
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if not is_check:
            file.write_text(text, encoding="utf-8")
        print(
            f"{file.relative_to(ROOT)} {'is not up to date: make docs' if is_check else 'written'}"
        )
    return 1 if stale and is_check else 0


def operating() -> str:
    """Return docs/operating.md with its settings table written anew."""
    before, _, rest = OPERATING.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(tables()) + "\n" + END + after


def tables() -> Iterator[str]:
    """Yield the lines of one table for each group of settings."""
    for group, members in groupby(rows(), key=lambda row: row.path[:-1]):
        title = f"`[{group[0]}]`" if group else "At the top"
        title = "`[[chain]]`, one for each filter" if group == ("chain",) else title
        yield from (
            f"#### {title}",
            "",
            "| key | default | allowed | meaning |",
            "|---|---|---|---|",
        )
        yield from map(table_row, members)
        yield ""


def table_row(row: Row) -> str:
    """Return one setting as a line of a table."""
    default = "required" if row.is_required else f"`{row.default}`" if row.default else "not set"
    cells = (f"`{row.path[-1]}`", default, row.allowed, row.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def commands() -> str:
    """Return docs/commands.md: the help of every command."""
    options = ["utils", "docs", "--name", "penstock", "--title", "Commands"]
    made = subprocess.run(
        [sys.executable, "-m", "typer", "app.cli", *options],
        cwd=ROOT,
        env={"TERM": "dumb", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    # The lists of commands would say the same again, cut short.
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+\n", "", made.stdout)
    return "<!-- Written by make docs. -->\n" + text.rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
