"""Technical text that is on every machine: docstrings and code of Python's own library.

Licence: PSF-2.0. The modules are parsed, not imported.
"""

from __future__ import annotations

import ast
import inspect
import re
import sysconfig
import textwrap
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
    for module, _, flat in _blocks(prose=True):
        if shortest <= len(flat) <= longest:
            found.setdefault(flat, module)
    return [(module, text) for text, module in found.items()]


def blocks(shortest: int = 40, longest: int = 600) -> list[tuple[str, str]]:
    """Return (module, block) pairs of what is no flowing text: lists, tables, examples, options."""
    found: dict[str, str] = {}
    for module, block, _ in _blocks(prose=False):
        if shortest <= len(block) <= longest:
            found.setdefault(inspect.cleandoc(block), module)
    return [(module, text) for text, module in found.items()]


def functions(shortest: int = 80, longest: int = 600) -> list[tuple[str, str]]:
    """Return (module, source) pairs of short functions, with their docstrings and comments."""
    found: dict[str, str] = {}
    for module, source, tree in _modules():
        lines = source.splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                text = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
                if shortest <= len(text) <= longest:
                    found.setdefault(text, module)
    return [(module, text) for text, module in found.items()]


def _blocks(*, prose: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the module of each block of flowing text, or of anything else, and it in one line too."""
    for module, text in _docstrings():
        for block in re.split(r"\n\s*\n", text):
            flat = " ".join(block.split())
            if prose == bool(PROSE.fullmatch(flat) and not CODE.search(block)):
                yield module, block, flat


def _docstrings() -> Iterator[tuple[str, str]]:
    for module, _, tree in _modules():
        yield from ((module, text) for text in _in_tree(tree))


def _modules() -> Iterator[tuple[str, str, ast.Module]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if SKIPPED.isdisjoint(parts):
            try:
                source = path.read_text(encoding="utf-8")
                yield ".".join(parts), source, ast.parse(source)
            except (SyntaxError, UnicodeDecodeError):
                continue


def _in_tree(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=True)
            if text:
                yield inspect.cleandoc(text)
