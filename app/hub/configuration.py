"""What the JSON files beside a graph say about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.errors import BundleError

MAX_JSON_BYTES = 32 * 2**20
MAX_TEMPLATE_BYTES = 2**20
MOST_TOKENS = 2**24
"""A longer context is a number that stands for "no limit"."""

Json = Mapping[str, Any]


class Configuration:
    """`config.json`, `generation_config.json`, `tokenizer_config.json` and `genai_config.json`.

    Any of them may be missing.

    Raises:
        BundleError: one of them cannot be read.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self.model = _read(files, "config.json")
        self.generation = _read(files, "generation_config.json")
        self.tokenizer = _read(files, "tokenizer_config.json")
        self._special = _read(files, "special_tokens_map.json")
        self._genai = _part(_read(files, "genai_config.json"), "model")

    @property
    def architecture(self) -> str:
        """The class that the weights were trained as: `LlamaForCausalLM`; may be empty."""
        named = self.model.get("architectures") or ()
        return str(named[0]) if isinstance(named, list | tuple) and named else ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the graph's output."""
        named = self.model.get("id2label")
        if not isinstance(named, dict):
            return ()
        try:
            return tuple(str(named[key]) for key in sorted(named, key=int))
        except ValueError as error:
            raise BundleError("config.json: id2label does not count its labels") from error

    @property
    def is_multi_label(self) -> bool:
        """Whether each label is decided on its own."""
        return self.model.get("problem_type") == "multi_label_classification"

    @property
    def end_ids(self) -> set[int]:
        """Every token that ends a completion, as far as numbers say it."""
        sources = (self.generation, self.model, _part(self.model, "text_config"), self._genai)
        found: set[int] = set()
        for source in sources:
            told = source.get("eos_token_id")
            numbers = told if isinstance(told, list) else [told]
            found |= {number for number in numbers if isinstance(number, int) and number >= 0}
        return found

    @property
    def context(self) -> int | None:
        """The most tokens that the model reads, the smallest of what is said."""
        told = [
            self._genai.get("context_length"),
            self.tokenizer.get("model_max_length"),
            *self._positions(),
        ]
        said = [n for n in told if isinstance(n, int | float) and 0 < n <= MOST_TOKENS]
        return int(min(said)) if said else None

    def special(self, kind: str) -> str:
        """Return a special token's text: `bos_token`, `eos_token`, …; empty if there is none."""
        for source in (self.tokenizer, self._special):
            told = source.get(kind)
            told = told.get("content") if isinstance(told, dict) else told
            if isinstance(told, str):
                return told
        return ""

    @property
    def chat_template(self) -> str:
        """The template of conversations; empty for a model that was not taught any."""
        if (file := self.files.get("chat_template.jinja")) is not None:
            return _text(file, MAX_TEMPLATE_BYTES)
        told = self.tokenizer.get("chat_template")
        if isinstance(told, list):  # several, by name
            named = {one.get("name"): one.get("template") for one in told if isinstance(one, dict)}
            told = named.get("default")
        return told if isinstance(told, str) else ""

    def _positions(self) -> Iterator[Any]:
        """Yield how many positions the graph knows; some families give the first ones away."""
        for source in (self.model, _part(self.model, "text_config")):
            told = source.get("max_position_embeddings") or source.get("n_positions")
            padding = source.get("pad_token_id")
            is_roberta = "roberta" in str(source.get("model_type", "")).lower()
            if isinstance(told, int) and is_roberta and isinstance(padding, int):
                told -= padding + 1
            yield told


def _read(files: Mapping[str, Path], name: str) -> Json:
    if name not in files:
        return {}
    try:
        value = json.loads(_text(files[name], MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} is not valid JSON") from error
    if not isinstance(value, dict):
        raise BundleError(f"{name} is not a JSON object")
    return value


def _text(file: Path, most: int) -> str:
    with file.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise BundleError(f"{file.name} has more than {most} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BundleError(f"{file.name} is not UTF-8") from error


def _part(value: Json, name: str) -> Json:
    part = value.get(name)
    return part if isinstance(part, dict) else {}
