"""The prompt template of a bundle: messages and passages to the text the model reads."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2 import TemplateError
from tokenizers import Tokenizer

from app.engine import Prompt
from app.engine.generation.dialect import environment
from app.engine.generation.sandbox import render
from app.errors import BundleError, InvalidRequest

USE_PASSAGES = "Use these passages to answer:\n\n"
"""What stands before passages where a model's template has no place for them."""


class PromptTemplate:
    """A sandboxed Jinja template with `messages`, `passages` and `add_generation_prompt`.

    Args:
        source: the template.
        special: strings the tokenizer reads as control tokens, such as the end of a turn. Only
            the template may write them: in messages and passages they are broken up.

    Raises:
        BundleError: it is not a valid template.
    """

    def __init__(self, source: str, special: Iterable[str] = ()) -> None:
        try:
            self._template = environment().from_string(source)
        except TemplateError as error:
            raise BundleError(f"the prompt template is not valid Jinja: {error}") from error
        longest_first = sorted(filter(None, special), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def render(self, prompt: Prompt) -> str:
        """Return the text the model reads.

        Raises:
            InvalidRequest: the template refuses these messages, or takes too long over them.
        """
        try:
            return render(
                self._template,
                messages=[
                    {"role": self._plain(message.role), "content": self._plain(message.content)}
                    for message in prompt.messages
                ],
                passages=[self._plain(passage) for passage in prompt.passages],
                add_generation_prompt=True,
            )
        except Exception as error:  # a template may raise anything
            raise InvalidRequest(
                "The model's prompt template does not take these messages.", param="messages"
            ) from error

    def render_raw(self, prompt: Prompt) -> str:
        """Return the text that the model is to continue, as it stands and without the template.

        Passages stand before it, numbered. Several messages are parted as the exchange parts them.
        """
        text = "\n\n".join(self._plain(message.content) for message in prompt.messages)
        passages = "".join(
            f"[{number}] {self._plain(passage)}\n\n"
            for number, passage in enumerate(prompt.passages, 1)
        )
        return f"{USE_PASSAGES}{passages}{text}" if passages else text

    def _plain(self, text: str) -> str:
        """Break up control tokens: a space behind their first character."""
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def special_strings(tokenizer: Tokenizer) -> list[str]:
    """Return what the tokenizer reads as control tokens."""
    added = tokenizer.get_added_tokens_decoder().values()
    return [token.content for token in added if token.special]
