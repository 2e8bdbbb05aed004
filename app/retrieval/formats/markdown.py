"""Markdown as CommonMark defines it, with tables and a front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from app.retrieval.document import Outline, table_lines
from app.retrieval.formats.html import read_html

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_PICTURES = frozenset({"mermaid", "dot", "graphviz", "plantuml"})
"""Fences that are drawn, not read."""
_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*$", re.MULTILINE)


def read_markdown(text: str, outline: Outline) -> None:
    """Add a Markdown text to an outline."""
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if title := _TITLE.search(front[1]):
            outline.title = title[2]
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for node in SyntaxTreeNode(parser.parse(text)).children:
        _add(node, outline)


def _add(node: SyntaxTreeNode, outline: Outline) -> None:
    match node.type:
        case "heading":
            outline.add_heading(int(node.tag[1]), _inline(node))
        case "bullet_list" | "ordered_list":
            outline.add_lines(list(_list(node)))
        case "fence" if node.info.strip().lower() in _PICTURES:
            pass
        case "fence" | "code_block":
            outline.add_lines(node.content.split("\n"))
        case "table":
            rows = [
                [_inline(cell) for cell in row.children]
                for part in node.children
                for row in part.children
            ]
            outline.add_lines(table_lines(rows[0], rows[1:]))
        case "html_block":
            read_html(node.content, outline)
        case "blockquote":
            _add_quote(node, outline)
        case _:
            outline.add_prose(_inline(node))


def _add_quote(node: SyntaxTreeNode, outline: Outline) -> None:
    for child in node.children:
        # A quoted heading opens no section of this document.
        if child.type == "heading":
            outline.add_prose(_inline(child))
        else:
            _add(child, outline)


def _list(node: SyntaxTreeNode) -> Iterator[str]:
    ordered = node.type == "ordered_list"
    first = int(node.attrs.get("start", 1)) if ordered else 0
    for number, item in enumerate(node.children, first):
        marker = f"{number}. " if ordered else "- "
        indent = " " * len(marker)
        lines = [line for child in item.children for line in _item_lines(child)]
        for index, line in enumerate(lines):
            yield (marker if index == 0 else indent) + line


def _item_lines(node: SyntaxTreeNode) -> Iterator[str]:
    match node.type:
        case "bullet_list" | "ordered_list":
            yield from _list(node)
        case "blockquote":
            for child in node.children:
                yield from _item_lines(child)
        case "paragraph" | "heading":
            yield _inline(node)
        case _:
            nested = Outline()
            _add(node, nested)
            for block in nested.finish("").blocks:
                yield from block.text.split("\n")


def _inline(node: SyntaxTreeNode) -> str:
    """Return what a reader sees of a paragraph, heading or cell."""
    return " ".join("".join(_words(node)).split())


def _words(node: SyntaxTreeNode) -> Iterator[str]:
    for child in node.children:
        if child.type in ("softbreak", "hardbreak") or child.content.lower().startswith("<br"):
            yield " "
        elif child.type in ("text", "code_inline"):
            yield child.content
        elif child.type != "html_inline":
            yield from _words(child)
