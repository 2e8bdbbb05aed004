"""Markdown as projects write it: the READMEs that installed packages carry in their metadata.

Only packages under MIT, BSD or Apache licences are read, and none of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from importlib import metadata

LICENCE = "MIT, BSD and Apache-2.0"
SOURCE = "scripts/corpus/readmes.py"
OWN = re.compile("penstock")
PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache)\b")
OTHER = re.compile(r"\b(GPL|LGPL|AGPL|GNU|MPL|Mozilla|CC-BY-NC|Proprietary)")
LICENCE_CHARS = 200
"""Some packages write the whole licence into the field for its name."""
LONGEST_README = 60_000
"""Of what is longer, a changelog mostly, the beginning is read."""


def blocks(shortest: int = 40, longest: int = 600) -> list[tuple[str, str]]:
    """Return (package, block) pairs, in order: paragraphs, lists, tables and code as they stand."""
    found: dict[str, str] = {}
    for package, text in _readmes():
        for block in re.split(r"\n\s*\n", text[:LONGEST_README]):
            if shortest <= len(block.strip()) <= longest:
                found.setdefault(block.strip(), package)
    return [(package, text) for text, package in found.items()]


def _readmes() -> Iterator[tuple[str, str]]:
    written = [found.read_text("METADATA") or "" for found in metadata.distributions()]
    known = {one["Name"].lower(): one for one in map(message_from_string, written) if one["Name"]}
    for name in sorted(known):
        if not OWN.match(name) and _is_permissive(known[name]):
            yield name, known[name]["Description"] or str(known[name].get_payload())


def _is_permissive(known: Message) -> bool:
    said = [known["License-Expression"] or "", (known["License"] or "")[:LICENCE_CHARS]]
    said += [line for line in known.get_all("Classifier", []) if line.startswith("License")]
    whole = "\n".join(said)
    return bool(PERMISSIVE.search(whole)) and not OTHER.search(whole)
