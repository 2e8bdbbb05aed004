"""Plain technical English that is on every machine: the docstrings of Python's own library.

Licence: PSF-2.0. The modules are parsed, not imported.
"""

from __future__ import annotations

import ast
import inspect
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

LICENCE = "PSF-2.0"
SOURCE = "https://github.com/python/cpython"
SKIPPED = {"test", "tests", "idlelib", "site-packages", "lib2to3", "turtledemo", "__pycache__"}
PROSE = re.compile(r"[A-Z][^\n]*[a-z]{3}.*[.!?]$", re.DOTALL)
CODE = re.compile(r">>>|::|\|\s|--\s|==|\w\(\)\s*->|^\s{4,}", re.MULTILINE)


def paragraphs(shortest: int = 60, longest: int = 900) -> list[tuple[str, str]]:
    """Return (module, paragraph) pairs of flowing text, by module and place."""
    found: dict[str, str] = {}
    for module, text in _docstrings():
        for block in re.split(r"\n\s*\n", text):
            flat = " ".join(block.split())
            is_prose = PROSE.fullmatch(flat) and not CODE.search(block)
            if is_prose and shortest <= len(flat) <= longest:
                found.setdefault(flat, module)
    return [(module, text) for text, module in found.items()]


def _docstrings() -> Iterator[tuple[str, str]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if SKIPPED.isdisjoint(parts):
            yield from ((".".join(parts), text) for text in _in_file(path))


def _in_file(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=True)
            if text:
                yield inspect.cleandoc(text)
