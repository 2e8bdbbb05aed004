"""Tell the language of a text, and hold it to those that are allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Resources, Unit, in_thread

LONG_TEXT = 1_000
"""Longer texts are read beside the event loop."""

UNSURE = 0.5
"""What the likeliest language must reach; else nothing is found. Random letters stay below."""

KIN = 3
"""So many related languages may reach it together (Hindi, Marathi, Nepali), where the right ones are
as good as ruled out: where they have less than `RULED_OUT`."""

RULED_OUT = 0.05

NO_LANGUAGE = "zxx"
"""What the model calls numbers, code and lists of names."""

_OTHER = re.compile(
    r"""
      ```.*?(?:```|\Z) | `[^`\n]*+`                     # code
    | (?:https?://|www\.)\S++                         # addresses
    | (?<![\w.+-])[\w.+-]{1,64}+@[\w.-]++
    """,
    re.VERBOSE | re.DOTALL,
)

_MEMBERS = {
    "ar": ("ary", "arz"),
    "no": ("nn", "nb"),
    "ku": ("sdh",),
    "sr": ("bs", "hr"),
    "hr": ("bs", "sr"),
    "bs": ("hr", "sr"),
    "id": ("ms",),
    "ms": ("id",),
    "uz": ("uzs",),
    "zh": ("yue", "wuu"),
}
"""Languages that count as another one: its dialects, and those that short texts do not tell apart."""

_SAMPLES = {
    "en": "Could you please tell me when the library opens tomorrow morning?",
    "de": "Können Sie mir bitte sagen, wann die Bibliothek morgen früh öffnet?",
    "fr": "Pourriez-vous me dire à quelle heure la bibliothèque ouvre demain matin ?",
    "es": "¿Podría decirme a qué hora abre la biblioteca mañana por la mañana?",
    "ru": "Скажите, пожалуйста, когда завтра утром откроется библиотека?",
    "zh": "请问明天早上图书馆几点开门?我想借几本书。",
    "ja": "明日の朝、図書館は何時に開きますか。本を借りたいです。",
    "ar": "هل يمكنك أن تخبرني متى تفتح المكتبة صباح الغد من فضلك؟",
}


class LanguageOptions(Options):
    """Which languages are right, as ISO 639 codes: `en`, `de`, `zh`; one of the two is needed."""

    allow: tuple[str, ...] = ()
    """Languages a text may have; all others count."""
    deny: tuple[str, ...] = ()
    """Languages a text may not have; no other counts."""
    min_letters: int = Field(16, ge=1)
    """Texts with fewer letters are not judged: nobody knows the language of `ok`. A letter of a
    script with syllables or word signs counts as three."""
    unit: Literal["document", "sentence"] = "document"
    """`document` takes a text's main language; `sentence` also finds a foreign sentence in it,
    and errs more often."""


class Language(Filter):
    """Scores how likely it is that a text is not in an allowed language."""

    options_model = LanguageOptions
    options: LanguageOptions
    _identifier: Any

    def __init__(self, options: LanguageOptions) -> None:
        super().__init__(options)
        if bool(options.allow) == bool(options.deny):
            raise ValueError("the language filter needs either allow or deny")
        named = options.allow or options.deny
        self._named = frozenset(code for name in named for code in (name, *_MEMBERS.get(name, ())))
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()

    async def setup(self, resources: Resources) -> None:
        self._identifier = await in_thread(_identifier)
        known = self._identifier.labels
        for name in (*self.options.allow, *self.options.deny):
            if name not in known:
                raise ValueError(f"there is no language {name!r}, only {', '.join(sorted(known))}")

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def canaries(self) -> Sequence[Canary]:
        return [Canary(text, bad=self._is_bad(code)) for code, text in _SAMPLES.items()]

    def _is_bad(self, code: str) -> bool:
        return (code in self._named) != bool(self.options.allow)

    def _look(self, text: str) -> Finding | None:
        prose = _OTHER.sub(" ", text)
        if _weight(prose) < self.options.min_letters:
            return None
        ranked = [pair for pair in self._identifier.rank(prose) if pair[0] != NO_LANGUAGE]
        total = sum(share for _, share in ranked)
        if total < UNSURE or sum(share for _, share in ranked[:KIN]) < UNSURE * total:
            return None
        score = min(1.0, sum(share for code, share in ranked if self._is_bad(code)) / total)
        if ranked[0][1] < UNSURE * total and score <= 1 - RULED_OUT:
            return None
        label = next((code for code, _ in ranked if self._is_bad(code)), "other")
        return Finding(score, label, (Range(0, len(text), label, score),))


@cache
def _identifier() -> Any:
    """Load the model once for all instances: it takes half a second or more, and 80 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _weight(text: str) -> int:
    """Return how many letters a text has, by how much they tell."""
    return sum(
        3 if char >= "\u2e80" else 2 if char >= "\u0900" else 1 for char in text if char.isalpha()
    )
