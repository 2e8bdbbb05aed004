"""Write the endings of host names that filters/url knows: the top-level domains of the internet.

python -m scripts.endings            write filters/url/endings.py
python -m scripts.endings --check    only tell what has changed since

The names are those of the root zone, as the Public Suffix List repeats them; nothing else of the
list is used. It comes with the package publicsuffixlist, so nothing is fetched.
"""

from __future__ import annotations

import re
import sys
import textwrap
from importlib import resources
from pathlib import Path

from filters.url.endings import TOP_LEVEL

WRITTEN = Path(__file__).resolve().parent.parent / "filters" / "url" / "endings.py"
_ICANN = re.compile("===BEGIN ICANN DOMAINS===(.*)===END ICANN DOMAINS===", re.DOTALL)
_VERSION = re.compile(r"VERSION: (\d{4}-\d\d-\d\d)")


def main(arguments: list[str]) -> int:
    """Write or check the endings; return the exit status."""
    as_of, names = current()
    new, gone = sorted(names - TOP_LEVEL), sorted(TOP_LEVEL - names)
    print(f"as of {as_of}: {len(names)} names, new: {new or 'none'}, gone: {gone or 'none'}")
    if "--check" in arguments:
        return 1 if new or gone else 0
    WRITTEN.write_text(module(as_of, names), encoding="utf-8")
    return 0


def current() -> tuple[str, frozenset[str]]:
    """Return the date of the installed list, and all top-level domains in it."""
    source = resources.files("publicsuffixlist") / "public_suffix_list.dat"
    text = source.read_text(encoding="utf-8")
    version, icann = _VERSION.search(text), _ICANN.search(text)
    if version is None or icann is None:
        raise SystemExit("The Public Suffix List has another form than it had.")
    rules = (line.split() for line in icann[1].splitlines())
    suffixes = (rule[0] for rule in rules if rule and not rule[0].startswith("//"))
    return version[1], frozenset(suffix.rpartition(".")[2] for suffix in suffixes)


def module(as_of: str, names: frozenset[str]) -> str:
    """Return filters/url/endings.py."""
    lines = textwrap.wrap(" ".join(sorted(names)), 99, break_on_hyphens=False)
    return "\n".join(
        [
            '"""Top-level domains of the internet; written by `python -m scripts.endings`."""',
            "",
            "# ruff: noqa: RUF001 - ambiguous characters on purpose",
            "from __future__ import annotations",
            "",
            f'AS_OF = "{as_of}"',
            "",
            '_NAMES = """',
            *lines,
            '"""',
            "",
            "TOP_LEVEL = frozenset(_NAMES.split())",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
