"""HTML pages and fragments, without scripts, menus and the like."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.retrieval.document import Outline, table_lines

_SKIPPED_TAGS = (
    "aside button footer iframe nav noscript object script select style svg template textarea"
)
_SKIPPED = frozenset(_SKIPPED_TAGS.split())
_MOST_INDENTS = 8
_HEADING = re.compile(r"h[1-6]")
_BLOCK_TAGS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup html li main nav ol p pre "
    "section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split()) | _SKIPPED


def read_html(text: str | bytes, outline: Outline) -> None:
    """Add a page or a fragment to an outline; bytes are decoded as a browser would."""
    page = LexborHTMLParser(text, encoding=isinstance(text, bytes))
    if (title := page.css_first("head > title")) and not outline.title:
        outline.title = " ".join(title.text().split())
    content = page.css_first("main") or page.css_first("article") or page.body
    if content is not None:
        _Walk(outline).run(content)


class _Walk:
    """One pass over the tree in reading order.

    Text belongs to the nearest block element around it; when that changes, a block has ended.
    """

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._block: LexborNode | None = None
        self._parts: list[str] = []
        self._items: list[str] = []
        self._item = 0
        self._tables: set[int] = set()

    def run(self, content: LexborNode) -> None:
        for node in content.traverse(include_text=True):
            if node.tag == "br":
                self._parts.append("\n")
            elif node.tag == "img":
                self._add_text(node, f" {node.attributes.get('alt') or ''} ")
            elif node.is_text_node:
                self._add_text(node, node.text_content or "")
        self._end_block()
        self._end_list()

    def _add_text(self, node: LexborNode, text: str) -> None:
        if not text.strip() and not self._parts:
            return
        block = _nearest_block(node)
        if self._block is None or block.mem_id != self._block.mem_id:
            self._end_block()
            self._block = block
        self._parts.append(text)

    def _end_block(self) -> None:
        block, text = self._block, "".join(self._parts)
        self._block, self._parts = None, []
        if block is None or not text.strip():
            return
        around = _around(block)
        tags = [node.tag for node in around]
        if any(node.tag in _SKIPPED or "hidden" in node.attributes for node in around):
            return
        if "table" in tags:
            self._add_table(next(node for node in reversed(around) if node.tag == "table"))
        elif "li" in tags or block.tag in ("dt", "dd"):
            self._add_item(around, text, is_code="pre" in tags)
        else:
            self._end_list()
            self._add_block(block, text, is_code="pre" in tags)

    def _add_item(self, around: list[LexborNode], text: str, *, is_code: bool) -> None:
        items = [node for node in around if node.tag in ("li", "dt", "dd")]
        indent = "  " * min(len(items) - 1, _MOST_INDENTS)
        marker = "  " if items[0].mem_id == self._item else "- "
        self._item = items[0].mem_id
        lines = text.strip("\n").split("\n") if is_code else [" ".join(text.split())]
        self._items += [
            indent + (marker if index == 0 else "  ") + line for index, line in enumerate(lines)
        ]

    def _add_block(self, block: LexborNode, text: str, *, is_code: bool) -> None:
        if is_code:
            self._outline.add_lines(text.split("\n"))
        elif _HEADING.fullmatch(block.tag or ""):
            self._outline.add_heading(int((block.tag or "")[1]), text)
        else:
            self._outline.add_prose(text)

    def _end_list(self) -> None:
        self._outline.add_lines(self._items)
        self._items = []

    def _add_table(self, table: LexborNode) -> None:
        if table.mem_id in self._tables:
            return
        self._end_list()
        self._tables.add(table.mem_id)
        rows = [
            [" ".join(cell.text(separator=" ").split()) for cell in row.css("th, td")]
            for row in table.css("tr")
        ]
        has_header = bool(table.css_first("tr th"))
        self._outline.add_lines(
            table_lines(rows[0], rows[1:]) if has_header else table_lines([], rows)
        )


def _nearest_block(node: LexborNode) -> LexborNode:
    above = node.parent
    while above is not None and above.parent is not None and above.tag not in _BLOCKS:
        above = above.parent
    return above or node


def _around(node: LexborNode | None) -> list[LexborNode]:
    """Return a node and the elements it stands in, innermost first."""
    found: list[LexborNode] = []
    while node is not None:
        found.append(node)
        node = node.parent
    return found
