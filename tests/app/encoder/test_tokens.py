"""Cutting text into windows of tokens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

from app.bundles import Bundle, load_bundle
from app.encoder.frames import Window
from app.encoder.tokens import LONG_CHARS, Tokens, clean, off_the_loop
from app.errors import BundleError
from tests.bundles import reseal, write_embedder

SHORT = "gates hold the water back"
LONG = " ".join(f"word{number}" for number in range(80))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    models_dir = tmp_path_factory.mktemp("models")
    write_embedder(models_dir, texts=[SHORT])
    return load_bundle(models_dir, "encoder")


@pytest.fixture(scope="module")
def tokens(bundle: Bundle) -> Tokens:
    return Tokens(bundle)


@pytest.fixture(scope="module")
def plain(bundle: Bundle) -> Tokenizer:
    return Tokenizer.from_file(str(bundle.path / "tokenizer.json"))


def inner(window: Window) -> list[int]:
    """Return a window's tokens without [CLS] and [SEP]."""
    return [int(token) for token in window.ids[1:-1]]


def test_a_short_text_is_framed_as_the_tokenizer_frames_it(
    tokens: Tokens, plain: Tokenizer
) -> None:
    [window] = tokens.windows(SHORT)

    assert list(window.ids) == plain.encode(SHORT).ids
    assert list(window.types) == plain.encode(SHORT).type_ids


def test_a_short_pair_is_framed_as_the_tokenizer_frames_it(
    tokens: Tokens, plain: Tokenizer
) -> None:
    [window] = tokens.windows((SHORT, "water"))

    encoding = plain.encode(SHORT, "water")
    assert list(window.ids) == encoding.ids
    assert list(window.types) == encoding.type_ids
    assert [encoding.tokens[at] for at in range(*window.second)] == ["water"]


def test_frames_of_other_tokenizers_are_learned_too(tmp_path: Path) -> None:
    folder = write_embedder(tmp_path)
    other = Tokenizer.from_file(str(folder / "tokenizer.json"))
    special = [(token, other.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    other.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B [SEP]", special_tokens=special
    )
    other.save(str(folder / "tokenizer.json"))
    reseal(folder)

    [window] = Tokens(load_bundle(tmp_path, "encoder")).windows(("water", "gates"))

    assert list(window.ids) == other.encode("water", "gates").ids
    assert list(window.types) == other.encode("water", "gates").type_ids


def test_an_empty_text_still_gives_a_window(tokens: Tokens) -> None:
    assert [len(window.ids) for window in tokens.windows("")] == [2]


def test_long_texts_are_read_completely_in_overlapping_windows(tokens: Tokens) -> None:
    ids = list(tokens.ids(LONG))
    windows = tokens.windows(LONG)

    assert len(windows) > 2
    assert {len(window.ids) for window in windows} == {tokens.max_tokens}
    joined = inner(windows[0])
    for window in windows[1:]:
        overlap = next(n for n in range(len(joined), 0, -1) if joined[-n:] == inner(window)[:n])
        assert overlap >= (tokens.max_tokens - 2) // 4
        joined += inner(window)[overlap:]
    assert joined == ids


@given(first=st.text(max_size=300), second=st.text(max_size=300))
def test_no_token_of_any_pair_is_left_out(tokens: Tokens, first: str, second: str) -> None:
    windows = tokens.windows((first, second))

    seen_first: set[int] = set()
    seen_second: set[int] = set()
    for window in windows:
        assert len(window.ids) <= tokens.max_tokens
        start, end = window.second
        seen_second |= set(range(window.second_from, window.second_from + end - start))
        seen_first |= {int(token) for token in window.ids[1 : start - 1]}
    assert seen_second == set(range(len(tokens.ids(second))))
    assert seen_first == {int(token) for token in tokens.ids(first)}


def test_a_short_second_text_stays_whole_beside_every_piece_of_the_first(tokens: Tokens) -> None:
    windows = tokens.windows((LONG, SHORT))

    assert len(windows) > 2
    for window in windows:
        assert list(window.ids[slice(*window.second)]) == list(tokens.ids(SHORT))


def test_the_question_stays_whole_beside_every_piece_of_the_passage(tokens: Tokens) -> None:
    question, passage = tokens.ids(SHORT), tokens.ids(LONG)

    windows = tokens.question_windows(question, passage)

    assert len(windows) > 2
    for window in windows:
        start, end = window.second
        assert list(window.ids[1 : 1 + len(question)]) == list(question)
        at = window.second_from
        assert list(window.ids[start:end]) == list(passage[at : at + end - start])


def test_an_empty_passage_gives_no_window(tokens: Tokens) -> None:
    assert tokens.question_windows(tokens.ids(SHORT), tokens.ids("")) == []


def test_offsets_point_into_the_text(tokens: Tokens) -> None:
    text = "Gates  hold\u00e9 \U0001f600 w\ud800ater"

    _, offsets = tokens.ids_and_offsets(text)

    assert text[slice(*offsets[0])] == "Gates"
    assert offsets[-1][1] == len(text)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\0", "\udc00\ud800", "x" * 5_000])
def test_any_text_has_windows(tokens: Tokens, text: str) -> None:
    assert tokens.windows(text)
    assert len(clean(text)) == len(text)


def test_what_the_tokenizer_says_of_truncation_and_padding_is_not_followed(tmp_path: Path) -> None:
    folder = write_embedder(tmp_path)
    cut = Tokenizer.from_file(str(folder / "tokenizer.json"))
    cut.enable_truncation(4)
    cut.enable_padding(length=50)
    cut.save(str(folder / "tokenizer.json"))
    reseal(folder)

    [window] = Tokens(load_bundle(tmp_path, "encoder")).windows("a b c d e f")

    assert len(window.ids) == 8


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"model": {"type": "Nothing"}}'])
def test_a_tokenizer_that_cannot_be_read_is_refused(tmp_path: Path, content: str) -> None:
    folder = write_embedder(tmp_path)
    (folder / "tokenizer.json").write_text(content)
    reseal(folder)

    with pytest.raises(BundleError, match=r"encoder@1: tokenizer\.json cannot be read"):
        Tokens(load_bundle(tmp_path, "encoder"))


def test_a_frame_that_changes_the_text_is_refused(tmp_path: Path) -> None:
    folder = write_embedder(tmp_path)
    odd = json.loads((folder / "tokenizer.json").read_text())
    odd["post_processor"]["single"] = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}]
    (folder / "tokenizer.json").write_text(json.dumps(odd))
    reseal(folder)

    with pytest.raises(BundleError, match="loses a text's tokens"):
        Tokens(load_bundle(tmp_path, "encoder"))


def test_windows_too_small_to_read_anything_are_refused(tmp_path: Path) -> None:
    write_embedder(tmp_path, max_tokens=6)

    with pytest.raises(BundleError, match="max_tokens is too small"):
        Tokens(load_bundle(tmp_path, "encoder"))


async def test_short_and_long_texts_are_tokenised_alike() -> None:
    def count(texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([len(text) for text in texts])

    for text in ("x", "x" * (LONG_CHARS + 1)):
        assert list(await off_the_loop(count, [text])) == [len(text)]  # type: ignore[arg-type]
