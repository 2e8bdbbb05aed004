"""Real exports of one tiny random causal language model, of every kind that users bring.

`exported(kind)` makes them once with the tools that users have (each takes seconds) and keeps them
in pytest's cache folder until the programs that make them change; those of optimum, which needs an
environment of its own, are kept with the tests. Needs torch and onnxruntime-genai: mark tests that
use it with `train`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

from app.bundles import Bundle, load_bundle
from app.bundles.manifest import Canary, TextGeneration
from tests.sealing import seal

TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
ROOT = Path(__file__).parent.parent
BUILT_ONCE = ROOT / "tests" / "exporting" / "built"
KEPT = ROOT / ".pytest_cache" / "exports"
MAKERS = ("onnx", "onnxruntime", "onnxruntime-genai", "torch", "transformers")
LONGEST_S = 300

FAMILIES = {
    "builder": (
        "builder-fp32",
        "builder-int8",
        "builder-int4",
        "builder-fp16",
        "builder-positions",
        "builder-mrope",
        "builder-byte-cache",
    ),
    "dynamo": (
        "dynamo-18",
        "dynamo-23",
        "dynamo-18-no-positions",
        "dynamo-18-int8",
        "optimum",
        "optimum-merged",
        "optimum-mrope",
    ),
    "built": (
        "optimum-built",
        "optimum-built-gpt-neox",
        "optimum-built-int8",
    ),
}
KINDS = tuple(kind for kinds in FAMILIES.values() for kind in kinds)
"""Every kind. Those of the builder are Qwen2 with GroupQueryAttention, the others Llama, if they
are not named otherwise."""
UNQUANTISED = {"dynamo-18-int8": "dynamo-18", "optimum-built-int8": "optimum-built"}
"""Kinds that the server computes in another way on purpose, and what they were quantised from."""
EXACT = tuple(kind for kind in KINDS if kind not in UNQUANTISED)
"""Kinds whose numbers the server must not change."""


def exported(kind: str) -> Path:
    """Return the folder with `model.onnx`, its weights and `tokenizer.json`."""
    family = next(family for family, kinds in FAMILIES.items() if kind in kinds)
    return (BUILT_ONCE if family == "built" else _made(family)) / kind


def checkpoint() -> Path:
    """Return a Hugging Face checkpoint folder (Llama) with its tokenizer."""
    return _made("checkpoint") / "checkpoint"


@cache
def _made(family: str) -> Path:
    """Run the family's program, unless its exports lie there from before."""
    folder = KEPT / _key() / family
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as place:
                _run(family, Path(place))
                shutil.copytree(place, folder.with_suffix(".unfinished"), dirs_exist_ok=True)
            folder.with_suffix(".unfinished").rename(folder)
            for old in set(KEPT.iterdir()) - {folder.parent}:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _run(family: str, place: Path) -> None:
    command = [sys.executable, "-m", "tests.exporting", family, str(place)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}  # noqa: TID251  the program's, not the server's
    ended = subprocess.run(
        command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4_000:]
    for folder in place.iterdir():
        if not (folder / "tokenizer.json").exists():
            shutil.copy(place / "checkpoint" / "tokenizer.json", folder)


@cache
def _key() -> str:
    programs = sorted((ROOT / "tests" / "exporting").glob("*.py"))
    texts = [program.read_bytes() for program in programs]
    versions = [f"{name} {version(name)}".encode() for name in MAKERS]
    return hashlib.sha256(b"\0".join([*texts, *versions])).hexdigest()[:16]


def bundle_of(kind: str, models_dir: Path) -> Bundle:
    """Copy an export into a bundle and return it verified."""
    folder = models_dir / kind / "1"
    origin = exported(kind)
    folder.mkdir(parents=True)
    for file in (*origin.glob("model.onnx*"), origin / "tokenizer.json"):
        shutil.copy(file, folder)
    model = TextGeneration(
        layers=2, heads=2, head_dim=16, eos_token_ids=(1,), prompt_template=TEMPLATE
    )
    seal(folder, model, [Canary(text="the gates")], max_tokens=256)
    return load_bundle(models_dir, kind)
