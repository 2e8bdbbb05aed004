"""What every guard is given: words, patterns, texts, and one classifier in two forms."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

from app.bundles import load_bundle
from app.bundles.manifest import TextClassification

WORDS = 50
TEXTS = 32
TEXT_CHARS = 1_000
STREAM_CHARS = 2_000
PATTERNS = (
    r"\bsk-[A-Za-z0-9]{20,48}\b",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bghp_[A-Za-z0-9]{36}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
)
TOXIC = "You are a stupid, worthless idiot and everybody hates you."
_BEGINNINGS = ("zor", "vek", "plu", "dra", "mib", "quo", "xan", "jit")
_ENDINGS = ("dax", "lon", "pim", "rusk", "tev", "wog", "yub")
_PROSE = (
    "The gate holds the water back until the turbine asks for it. ",
    "A filter looks at a piece of text and says how bad it is. ",
    "What that leads to is written in one place and read in a minute. ",
    "Every exchange is kept, and nothing that was answered is lost. ",
    "Please tell me how the weather will be in the mountains on Sunday. ",
    "She read the report twice, made some notes, and closed the window. ",
)


def write_rules(folder: Path, models_dir: Path) -> Path:
    """Write what children read, and the classifier's folder; return the file of rules.

    Raises:
        BundleError: the bundle `toxicity@1` is not there or is damaged.
    """
    draw = random.Random(1)  # noqa: S311  texts, no secrets
    words = [begin + end for begin in _BEGINNINGS for end in _ENDINGS][:WORDS]
    prose = [_prose(draw, TEXT_CHARS) for _ in range(TEXTS)]
    bad = f"{_prose(draw, 500)} {words[-1]}."
    classifier, max_tokens = _write_classifier(folder / "classifier", models_dir)
    rules = {
        "words": words,
        "patterns": PATTERNS,
        "models_dir": str(models_dir.resolve()),
        "classifier": str(classifier.resolve()),
        "max_tokens": max_tokens,
        "texts": {
            "rules": prose,
            "six": prose,
            "stream": [_prose(draw, STREAM_CHARS) for _ in range(TEXTS)],
            "classifier": [draw.choice(_PROSE).strip() for _ in range(TEXTS)],
        },
        "bad": {
            "rules": bad,
            "six": bad,
            "stream": f"{_prose(draw, 500)} {words[-1]}. {_prose(draw, 500)}",
            "classifier": TOXIC,
        },
    }
    file = folder / "rules.json"
    file.write_text(json.dumps(rules, indent=1), encoding="utf-8")
    return file


def _prose(draw: random.Random, characters: int) -> str:
    text = ""
    while len(text) < characters:
        text += draw.choice(_PROSE)
    return text[:characters]


def _write_classifier(folder: Path, models_dir: Path) -> tuple[Path, int]:
    """Write the bundle as a folder of Hugging Face's form: what the ONNX graph needs, no more."""
    bundle = load_bundle(models_dir, "toxicity@1")
    model = bundle.manifest.model
    if not isinstance(model, TextClassification):
        raise TypeError("toxicity@1 is no classifier")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copyfile(models_dir / "toxicity" / "1" / name, folder / name)
    labels = dict(enumerate(model.labels))
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "problem_type": "multi_label_classification",
        "id2label": labels,
        "label2id": {label: number for number, label in labels.items()},
    }
    tokenizer: dict[str, Any] = {
        "tokenizer_class": "BertTokenizerFast",
        "model_max_length": bundle.manifest.max_tokens,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    for name, content in (("config.json", config), ("tokenizer_config.json", tokenizer)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder, bundle.manifest.max_tokens
