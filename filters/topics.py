"""Find what a text should not talk about: names of competitors, of products, of topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field, field_validator

from filters import Canary, Filter, Finding, Item, Options, Range, in_thread
from filters._text.edges import Edges, merge, unit_for
from filters.keyword.disguised import Tricks
from filters.keyword.wordlist import WordList

LONG_TEXT = 4_000
"""Longer texts are searched beside the event loop."""

LONGEST_NAME = 200


class TopicsOptions(Options):
    """Which topics, and by which names they are known."""

    topics: Mapping[str, tuple[str, ...]] = Field(min_length=1, max_length=1_000)
    """Label to names: `{ acme = ["Acme", "Acme Corp", "Roadrunner traps"] }`. Case, accents, look-alike
    letters and invisible characters do not matter, as in the filter `keyword`."""
    inflections: bool = True
    """Also find the plural of a name: `traps`, `boxes`, `companies`."""
    case_sensitive: bool = False
    """Take names exactly as written: `Apple`, but not `apple`. No disguise is seen through then."""
    leetspeak: bool = True
    """Find `4cme` for `Acme`."""
    stretched: bool = True
    """Find `Acmeee`."""
    spelled_out: bool = True
    """Find `A c m e`."""
    replacements: Mapping[str, str] = Field(default_factory=dict)
    """Per label, what stands in place of a name when the chain rewrites; else the label in brackets, or
    `[topic]` where the label would be found as a name again."""

    @field_validator("topics")
    @classmethod
    def _names_are_there(
        cls, topics: Mapping[str, tuple[str, ...]]
    ) -> Mapping[str, tuple[str, ...]]:
        for label, names in topics.items():
            if not 0 < len(label) <= 64:
                raise ValueError("a label has 1 to 64 characters")
            if not names or any(not 0 < len(name) <= LONGEST_NAME for name in names):
                raise ValueError(f"{label} needs names of 1 to {LONGEST_NAME} characters")
        return topics


class Topics(Filter):
    """Scores 1 where a listed name stands, under the label of its topic."""

    options_model = TopicsOptions
    options: TopicsOptions

    def __init__(self, options: TopicsOptions) -> None:
        super().__init__(options)
        for label in options.replacements:
            if label not in options.topics:
                raise ValueError(f"replacements.{label}: there is no topic of this label")
        names = {label: list(self._forms(some)) for label, some in options.topics.items()}
        self._topics = {label: self._list(some) for label, some in names.items()}
        self._all = self._list([name for some in names.values() for name in some])
        self._replacements = {label: self._replacement(label) for label in options.topics}
        self.unit = unit_for(self._all.reach)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def canaries(self) -> Sequence[Canary]:
        first = next(iter(self.options.topics.values()))[0]
        return [Canary(first, bad=True), Canary(".", bad=False)]

    def _look(self, item: Item) -> Finding | None:
        edges = Edges.of(item)
        if next(iter(self._all.find(item.text, edges)), None) is None:
            return None
        ranges = sorted(self._ranges(item.text, edges), key=lambda found: (found.start, -found.end))
        if not ranges:
            return None
        scores = {found.label: 1.0 for found in ranges}
        return Finding(1.0, ranges[0].label, tuple(ranges), scores=scores)

    def _ranges(self, text: str, edges: Edges) -> Iterator[Range]:
        for label, names in self._topics.items():
            replacement = self._replacements[label]
            for start, end in merge(names.find(text, edges)):
                yield Range(start, end, label, replacement=replacement)

    def _replacement(self, label: str) -> str | None:
        is_name = next(iter(self._all.find(label)), None) is not None
        return self.options.replacements.get(label, "[topic]" if is_name else None)

    def _list(self, names: list[str]) -> WordList:
        options = self.options
        tricks = Tricks(options.leetspeak, options.stretched, options.spelled_out)
        return WordList(names, exact=options.case_sensitive, tricks=tricks)

    def _forms(self, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            yield name
            if self.options.inflections and name[-1:].isalpha():
                yield _plural(name)


def _plural(name: str) -> str:
    lowered = name.lower()
    if lowered.endswith("y") and lowered[-2:-1] not in ("a", "e", "i", "o", "u"):
        return f"{name[:-1]}ies"
    if lowered.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    return f"{name}s"
