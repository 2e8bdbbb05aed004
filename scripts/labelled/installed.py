"""Source code and prose that lie on this machine: of Python, of packages, of the system."""

from __future__ import annotations

import os
import random
import re
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from pygments.lexers import get_lexer_by_name
from pygments.token import Keyword, Name

from scripts.corpus.docstrings import paragraphs

LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "python": (".py",),
    "javascript": (".js", ".mjs", ".cjs"),
    "typescript": (".ts",),
    "c": (".c", ".h"),
    "cpp": (".cpp", ".hpp", ".cc"),
    "perl": (".pl", ".pm"),
    "bash": (".sh",),
    "css": (".css",),
    "html": (".html",),
}
"""What is found where Python, Node and a compiler are; the names are Pygments'."""

ROOTS = ("/usr/include", "/usr/lib/node_modules", "/usr/share", "/usr/lib/git-core")
LARGEST_FILE = 300_000
LONGEST_LINE = 160
LINES = (4, 20)
MOST_FILES = 400
LEAST_CODE = 0.7
"""Share of a snippet's lines that must hold a name or a keyword."""

_NO_PROSE = re.compile(r"\s{4}|[$>|<+#=*-]{2}|\$ |>>>|<|\.\. |\[!|\[.*\]:|@|.*[{};]$", re.MULTILINE)


def snippets(language: str, most: int, draw: random.Random) -> Iterator[str]:
    """Yield stretches of some lines, no more than one of a file."""
    files = _files(LANGUAGES[language])
    draw.shuffle(files)
    found = 0
    for path in files[: max(MOST_FILES, 4 * most)]:
        if found < most and (snippet := _snippet(path, language, draw)):
            found += 1
            yield snippet


def prose(most: int, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) pairs of English: docstrings, descriptions of packages, licences."""
    kinds = {
        "docstring": [text for _, text in paragraphs()],
        "readme": list(_readme_paragraphs()),
        "licence": list(_licences()),
    }
    for kind, texts in kinds.items():
        for text in draw.sample(texts, min(most, len(texts))):
            yield kind, text


def harmless(most: int, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) pairs of code and prose."""
    for language in LANGUAGES:
        for text in snippets(language, most, draw):
            yield f"code {language}", text
    yield from prose(most, draw)


def _files(endings: Sequence[str]) -> list[Path]:
    return [path for ending in endings for path in _by_ending().get(ending, ())]


@cache
def _by_ending() -> Mapping[str, Sequence[Path]]:
    """Return all files of source code, in an order that does not depend on the file system."""
    paths = sysconfig.get_paths()
    known = {ending for endings in LANGUAGES.values() for ending in endings}
    found: dict[str, set[Path]] = {}
    for root in dict.fromkeys([paths["stdlib"], paths["purelib"], *ROOTS]):
        for folder, _, names in os.walk(root):
            for path in (Path(folder, name) for name in names):
                if path.suffix in known and path.is_file() and path.stat().st_size < LARGEST_FILE:
                    found.setdefault(path.suffix, set()).add(path.resolve())
    return {ending: sorted(files) for ending, files in found.items()}


def _snippet(path: Path, language: str, draw: random.Random) -> str | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.split("\n")
    length = draw.randint(*LINES)
    start = draw.randint(0, max(0, len(lines) - length))
    chosen = lines[start : start + length]
    code = _code_lines(text, language)
    full = [start + at for at, line in enumerate(chosen) if line.strip()]
    is_short = len(full) < LINES[0] or max(map(len, chosen)) > LONGEST_LINE
    if is_short or sum(at in code for at in full) < LEAST_CODE * len(full):
        return None
    return "\n".join(chosen).strip("\n")


def _code_lines(text: str, language: str) -> set[int]:
    """Return the numbers of the lines that name something: no comments, tables or lists of texts."""
    found: set[int] = set()
    at = 0
    for token, part in get_lexer_by_name(language, stripnl=False).get_tokens(text):
        if token in Name or token in Keyword:
            found.update(range(at, at + part.count("\n") + 1))
        at += part.count("\n")
    return found


def descriptions() -> list[str]:
    """Return what the installed packages say of themselves, mostly in Markdown."""
    packages = {one.metadata["Name"]: one.read_text("METADATA") or "" for one in distributions()}
    return [packages[name].partition("\n\n")[2] for name in sorted(packages)]


def _readme_paragraphs() -> Iterator[str]:
    for text in descriptions():
        yield from _paragraphs(re.sub(r"```.*?(?:```|\Z)", "", text, flags=re.DOTALL))


def _licences() -> Iterator[str]:
    seen = set()
    for path in sorted(Path("/usr/share/doc").glob("*/copyright")):
        for text in _paragraphs(
            re.sub(r"^ \.?", "", path.read_text("utf-8", "replace"), flags=re.MULTILINE)
        ):
            if text not in seen:
                seen.add(text)
                yield text


def _paragraphs(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        if 60 <= len(block) <= 900 and not _NO_PROSE.match(block) and "    " not in block:
            yield block
