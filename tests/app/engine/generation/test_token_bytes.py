"""Token by token is what the tokenizer's own decoder writes, for every kind of tokenizer."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from tests.recital import recital

UNKNOWN = "<unk>"
WORDS = ("▁the", "▁a", "ein", "é", "▁▁", "x▁y", "日本", "▁", "a", ".")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("the a ein é x y 日本."), st.characters(codec="utf-8"))
)


def byte_level() -> Tokenizer:
    """Return GPT-2's kind, with words that end within characters."""
    words, _ = recital(["é€".encode()[:-1], b"the", b" a", b"\x9f\x98"], ends=True)
    words.add_tokens([AddedToken("<two words é>")])
    return words


def byte_fallback(*, strips: bool = True) -> Tokenizer:
    """Return the kind that SentencePiece models such as Llama's were turned into."""
    ids = {word: number for number, word in enumerate([UNKNOWN, *BYTES, *WORDS])}
    made = Tokenizer(models.BPE(ids, [], unk_token=UNKNOWN, byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    strip = [decoders.Strip(" ", 1, 0)] if strips else []
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    made.add_special_tokens([AddedToken("</s>", special=True)])
    return made


def metaspace() -> Tokenizer:
    """Return the kind that marks words and knows no bytes."""
    ids = {word: number for number, word in enumerate([UNKNOWN, *WORDS, "th", "e"])}
    made = Tokenizer(models.BPE(ids, [], unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    return made


def word_pieces() -> Tokenizer:
    ids = {word: number for number, word in enumerate([UNKNOWN, "the", "##in", "a", ".", "é"])}
    made = Tokenizer(models.WordPiece(ids, unk_token=UNKNOWN))
    made.decoder = decoders.WordPiece()
    return made


def plain() -> Tokenizer:
    """Return one without a decoder: its tokens stand apart."""
    return Tokenizer(models.WordLevel({"the": 0, "a": 1, UNKNOWN: 2}, unk_token=UNKNOWN))


KINDS = {
    "byte level": byte_level(),
    "byte fallback": byte_fallback(),
    "byte fallback, spaces kept": byte_fallback(strips=False),
    "metaspace": metaspace(),
    "word pieces": word_pieces(),
    "plain": plain(),
}


def written(tokenizer: Tokenizer, tokens: Iterable[int]) -> str:
    text = TokenText(Vocabulary(tokenizer, tokenizer.get_vocab_size(), ()))
    return "".join([*map(text.add, tokens), text.finish()])


@pytest.mark.parametrize("kind", ["byte level", "byte fallback", "byte fallback, spaces kept"])
@given(text=TEXTS)
@settings(deadline=None)
def test_any_text_comes_back(kind: str, text: str) -> None:
    tokens = KINDS[kind].encode(text).ids

    assert written(KINDS[kind], tokens) == KINDS[kind].decode(tokens)


@pytest.mark.parametrize("kind", ["metaspace", "word pieces", "plain"])
@given(chosen=st.lists(st.integers(0, 99), max_size=12))
@settings(deadline=None)
def test_any_tokens_are_what_the_decoder_writes(kind: str, chosen: list[int]) -> None:
    tokens = [number % KINDS[kind].get_vocab_size() for number in chosen]

    assert written(KINDS[kind], tokens) == KINDS[kind].decode(tokens)


@given(chosen=st.lists(st.integers(0, byte_level().get_vocab_size() - 1), max_size=12))
@settings(deadline=None)
def test_any_bytes_are_what_a_byte_level_decoder_writes(chosen: list[int]) -> None:
    whole = KINDS["byte level"].decode(chosen)

    found = written(KINDS["byte level"], chosen)

    assert found == whole or (found == whole[:-1] and whole.endswith("\N{REPLACEMENT CHARACTER}"))


def test_bytes_that_never_become_a_character_are_replaced() -> None:
    tokens = [KINDS["byte fallback"].token_to_id(word) for word in ("a", "<0xE2>", "<0x82>", "a")]

    assert written(KINDS["byte fallback"], filter(None, tokens)) == "a\N{REPLACEMENT CHARACTER}a"
