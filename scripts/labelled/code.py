"""Source code of installed packages, and prose of the same packages."""

from __future__ import annotations

import random
from collections.abc import Iterator

from app.evaluation.labelled import Labelled
from scripts.labelled.harmless import hard
from scripts.labelled.installed import LANGUAGES, prose, snippets


def rows(most: int) -> Iterator[Labelled]:
    """Yield stretches of source code as they stand, without fences, then texts without any."""
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    for language in LANGUAGES:
        for text in snippets(language, most, draw):
            yield Labelled(text=text, bad=True, group=language)
    for kind, text in prose(most, draw):
        yield Labelled(text=text, bad=False, group=kind)
    for kind, text in hard(max(1, most // 10), draw):
        if kind != "placeholder":  # is code in part
            yield Labelled(text=text, bad=False, group="numbers and hashes")
