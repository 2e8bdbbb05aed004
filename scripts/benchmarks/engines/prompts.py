"""Prompts of an exact number of tokens, other ones each time."""

from __future__ import annotations

import re
from random import Random

from tokenizers import Tokenizer

from app.bundles import Bundle
from app.bundles.manifest import TextGeneration
from app.encoder.tokens import clean, open_tokenizer
from app.engine import ChatMessage, Prompt
from app.engine.generation.template import PromptTemplate, special_strings
from scripts.benchmarks.peers.child import Asked

WORD = re.compile("Ġ[a-z]{2,8}")
WORDS = 2_000
TRIES = 8


class Prompts:
    """Makes prompts for a bundle: words at random, so that no cache anywhere helps."""

    def __init__(self, bundle: Bundle) -> None:
        model = bundle.manifest.model
        if not isinstance(model, TextGeneration):
            raise TypeError(f"{bundle.reference} does not generate text")
        self._tokenizer = open_tokenizer(bundle)
        self._template = PromptTemplate(model.prompt_template, special_strings(self._tokenizer))
        self._words = _words(self._tokenizer)
        self._least = len(self._asked("").tokens)

    def make(self, number: int, tokens: int, seed: int) -> list[Asked]:
        """Return so many prompts of so many tokens each, the template's included.

        Raises:
            ValueError: the template alone has more.
        """
        if tokens <= self._least:
            raise ValueError(f"a prompt has more than {self._least} tokens with its template")
        random = Random(seed)  # noqa: S311  nothing secret
        return [self._make_one(tokens, random) for _ in range(number)]

    def _make_one(self, tokens: int, random: Random) -> Asked:
        words = random.choices(self._words, k=tokens - self._least)
        for _ in range(TRIES):
            asked = self._asked("".join(words))
            missing = tokens - len(asked.tokens)
            if not missing:
                return asked
            words = (
                words[:missing] if missing < 0 else words + random.choices(self._words, k=missing)
            )
        raise ValueError(f"no text of these words has exactly {tokens} tokens")

    def _asked(self, text: str) -> Asked:
        prompt = clean(self._template.render(Prompt((ChatMessage("user", text),))))
        return Asked(text, self._tokenizer.encode(prompt, add_special_tokens=False).ids)


def _words(tokenizer: Tokenizer) -> list[str]:
    """Return words that are one token each, space included."""
    vocabulary = sorted(
        tokenizer.get_vocab(with_added_tokens=False).items(), key=lambda one: one[1]
    )
    words = (token.replace("Ġ", " ") for token, _ in vocabulary if WORD.fullmatch(token))
    found = [word for word in words if len(tokenizer.encode(word, add_special_tokens=False)) == 1]
    return found[:WORDS]
