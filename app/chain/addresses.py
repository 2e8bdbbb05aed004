"""Follow a text and know where addresses and tags stand in it.

Whoever gets an address into a text may have it fetched, by a page that shows the picture behind it
for one, and would be sent what stands in it. So this is about what any reader of plain text, Markdown
or HTML might take for one, and errs on that side.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"[/\s<>\"'(=):.]|(?<=<)[A-Za-z]|(?<=</)[A-Za-z]")
_SCHEME = re.compile(r"(?<![A-Za-z])(?:https?|wss?|ftp|file):\Z", re.IGNORECASE)
_HARMLESS = re.compile(r"\]\((?:mailto|tel|sms):\Z", re.IGNORECASE)
_OPENED = ("](", "url(")
_WWW = re.compile(r"(?<!\w)www\.\Z", re.IGNORECASE)
_CLOSING = {"<": ">", "(": ")", '"': '"', "'": "'"}
_LOOK_BACK = 12
"""Characters that the longest of these patterns needs."""


class Place:
    """Where a text has come to; it is told all of it, in whatever pieces."""

    def __init__(self) -> None:
        self._recent = ""
        self._tag: _Tag | None = None
        self._opening = ""
        self._until = ""
        """What ends the address in which it is; empty outside of one."""
        self._may_be_bracketed = False
        self._is_bracketed = False

    @property
    def in_address(self) -> bool:
        """Whether what comes next would be a part of an address or of a tag."""
        return bool(self._until) or self._tag is not None

    def go_past(self, text: str) -> None:
        """Go past more of the text."""
        text = self._recent + text
        at = len(self._recent)
        while at < len(text):
            if self._tag:
                at = self._past_tag(text, at)
            elif mark := _MARK.search(text, at):
                at = mark.end()
                self._meet(mark[0], text[max(0, at - _LOOK_BACK) : at])
            else:
                break
        self._recent = text[-_LOOK_BACK:]

    def _past_tag(self, text: str, at: int) -> int:
        tag = self._tag or _Tag()
        while at < len(text):
            at += 1
            if tag.ends_with(text[at - 1]):
                self._tag = None
                break
        return at

    def _meet(self, mark: str, before: str) -> None:
        """Take notice of a mark; `before` ends with it."""
        is_bracketed, self._is_bracketed = self._is_bracketed, False
        if mark.isalpha():
            self._tag = None if is_bracketed else _Tag()
        elif mark == "(" and self._until in ("", " ") and before.lower().endswith(_OPENED):
            self._until, self._may_be_bracketed = ")", True
        elif mark == "<" and self._may_be_bracketed:
            # `](<a) b>` may hold brackets and spaces, and is no tag.
            self._until, self._may_be_bracketed, self._is_bracketed = ">", False, True
        elif self._until:
            self._go_on(mark, before)
        elif _begins_address(mark, before):
            # `<https://a b>` holds a space, so such an address ends where it is closed.
            self._until = _CLOSING.get(self._opening, " ")
        elif mark not in "/:.":
            self._opening = "" if mark.isspace() else mark

    def _go_on(self, mark: str, before: str) -> None:
        self._may_be_bracketed = self._may_be_bracketed and mark.isspace()
        if mark == ":" and _HARMLESS.search(before):
            self._until = ""
        elif mark == self._until or (mark.isspace() and self._until == " "):
            # Behind a bracket some readers still see the address go on.
            self._until = " " if mark in ">)" else ""
            self._opening = ""


def _begins_address(mark: str, before: str) -> bool:
    if mark == "/":
        return before.endswith("//")
    pattern = {":": _SCHEME, ".": _WWW}.get(mark)
    return pattern is not None and pattern.search(before) is not None


class _Tag:
    """A tag of HTML behind its first letter, read as browsers do."""

    def __init__(self) -> None:
        self._state = "name"
        self._has_attribute = False

    def ends_with(self, char: str) -> bool:
        """Read one character; return whether the tag ends with it."""
        if self._state in ('"', "'"):
            if char == self._state:
                self._begin_attribute()
            return False
        if char == ">":
            return True
        if self._state == "=":
            if not char.isspace():
                self._state = char if char in "\"'" else "value"
        elif char.isspace() or (char == "/" and self._state != "value"):
            self._leave_word(char)
        elif self._state == "attributes":
            self._state = "=" if char == "=" and self._has_attribute else self._state
            self._has_attribute = True
        return False

    def _leave_word(self, char: str) -> None:
        if self._state != "attributes" or char == "/":
            self._begin_attribute()

    def _begin_attribute(self) -> None:
        self._state, self._has_attribute = "attributes", False
