"""A tokenizer for tiny bundles that knows every Latin text, and chosen words whole."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

UNKNOWN = "[UNK]"
SPECIAL = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]")
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about add all an and any are as at be by can do does for from get has have how i if in
        is it its make my no not of on or our should so that the their then there these this to
        was we what when where which who whom why will with you your
        """,
    )
)


def vocabulary(words: Iterable[str] = ()) -> list[str]:
    """Return the special tokens, characters, pairs of letters, stop words and `words`."""
    letters = string.ascii_lowercase + string.digits
    pairs = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
    pieces = [*letters, *pairs]
    tokens = [*SPECIAL, *string.punctuation, *pieces, *("##" + piece for piece in pieces)]
    known = sorted({word.lower() for word in words} | STOP_WORDS)
    return list(dict.fromkeys([*tokens, *known]))


def tokenizer(tokens: list[str]) -> Tokenizer:
    """Return a BERT-like tokenizer over the vocabulary."""
    ids = {token: number for number, token in enumerate(tokens)}
    built = Tokenizer(WordPiece(ids, unk_token=UNKNOWN))
    built.normalizer = BertNormalizer(lowercase=True)
    built.pre_tokenizer = BertPreTokenizer()
    built.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    built.add_special_tokens(list(SPECIAL))
    return built


def words_of(texts: Iterable[str]) -> set[str]:
    """Return the words of some texts, as the tokenizer cuts them."""
    normalise, split = BertNormalizer(lowercase=True), BertPreTokenizer()
    return {
        word for text in texts for word, _ in split.pre_tokenize_str(normalise.normalize_str(text))
    }
