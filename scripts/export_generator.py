r"""Make bundles of a causal language model from a Hugging Face checkpoint, one a precision.

python -m scripts.export_generator ~/checkpoints/SmolLM2-135M --models models --name smollm2 \
    --precision int8 int4

The folder holds config.json, *.safetensors, tokenizer.json and tokenizer_config.json, as
`huggingface-cli download` or `save_pretrained` leave it. int8 (every token with a scale of its own)
answers many at once best, int4 takes least memory and is quickest for one; fp16 and bf16 are for GPUs.
Each variant is compared with the checkpoint on held text, and refused if its perplexity grows too much or
a text depends on what is written beside it. Needs 'penstock[cpu,train,exporters]'.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from rich.console import Console
from tokenizers import Tokenizer

from app.bundles import load_bundle
from app.bundles.manifest import MODEL, TOKENIZER
from app.engine.graphs.normalise import normalise
from app.hub import adopt, open_folder
from app.hub.adoption import Choice, bundle_name
from app.hub.origin import SIDE_FILES
from app.hub.variants import find_variants
from app.settings import RuntimeSettings
from scripts.bundling import bfloat, company, decoders, kv_cache, likeness
from scripts.bundling.bundle import next_version, revision
from scripts.bundling.checkpoint import Checkpoint
from scripts.bundling.decoder_card import finish
from scripts.bundling.decoders import PRECISIONS, Precision
from scripts.bundling.held_text import HeldText, held_text
from scripts.bundling.session import GraphSession
from scripts.folders import new_folder

CPU = RuntimeSettings(provider="cpu", threads=1)
DEFAULT_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of a checkpoint."""

    models: Path
    name: str
    version: str | None
    max_tokens: int | None
    most_growth: float | None
    is_like: bool
    """Whether the variant must be like its checkpoint; neighbours count either way."""
    command: str


def main(arguments: Sequence[str] | None = None) -> list[Path]:
    """Export each precision; returns the bundles' folders."""
    options = _parser().parse_args(arguments)
    console = Console()
    checkpoint = Checkpoint(options.checkpoint)
    name = options.name or bundle_name(checkpoint.name)
    tokenizer = Tokenizer.from_file(str(options.checkpoint / TOKENIZER))
    text = held_text(tokenizer, options.tokens, options.text)
    written = []
    for precision in options.precision:
        console.print(f"{precision}: exporting, and comparing it on {text.num_tokens} tokens")
        wanted = Wanted(
            models=options.models,
            name=f"{name}-{precision}",
            version=options.version,
            max_tokens=options.max_tokens,
            most_growth=options.most_growth,
            is_like=not options.random,
            command=f"python -m scripts.export_generator {checkpoint.name} --precision {precision}",
        )
        written.append(make(checkpoint, text, PRECISIONS[precision], wanted))
        console.print(f"wrote {written[-1]}")
    return written


def make(checkpoint: Checkpoint, text: HeldText, precision: Precision, wanted: Wanted) -> Path:
    """Export one variant through its gates and write its bundle; returns the folder.

    Raises:
        NotExported: the builder is missing, or does not know the model.
        GateRefused: the variant is too unlike its checkpoint.
        BundleError: the server cannot run it.
    """
    version = wanted.version or next_version(wanted.models / wanted.name)
    with TemporaryDirectory() as place:
        export = Path(place, "export")
        decoders.export(checkpoint.folder, precision, export)
        if precision.has_byte_cache:
            kv_cache.rewrite(export / MODEL, text.others)
        for file in (checkpoint.folder / name for name in (*SIDE_FILES, "README.md")):
            if file.is_file():
                shutil.copy(file, export)
        runnable = (
            bfloat.widen(export, Path(place, "wide")) if precision.is_for_gpu_only else export
        )
        found = compared(checkpoint, text, runnable / MODEL)
        if wanted.is_like:
            likeness.check(found, precision, wanted.most_growth)
        origin = open_folder(runnable)
        (variant,) = find_variants(origin.files)
        choice = Choice(variant, wanted.name, version, wanted.max_tokens)
        drafts = Path(place, "models")
        adopt(origin, choice, drafts, CPU)
        if not precision.is_for_gpu:
            company.check(load_bundle(drafts, wanted.name), CPU)
        draft = drafts / wanted.name / version
        if precision.is_for_gpu_only:
            bfloat.put_back(export, draft)
        finish(draft, checkpoint, precision, found.metrics(), _made(text, wanted))
        with new_folder(wanted.models / wanted.name / version) as folder:
            shutil.copytree(draft, folder, dirs_exist_ok=True)
    return load_bundle(wanted.models, f"{wanted.name}@{version}").path


def compared(checkpoint: Checkpoint, text: HeldText, graph: Path) -> likeness.Likeness:
    """Read the held text by the checkpoint and by the graph.

    Raises:
        GateRefused: the graph's numbers are not finite.
        BundleError: the server could not run the graph.
    """
    session = GraphSession(graph)
    cache = decoders.empty_cache(normalise(onnx.load(graph, load_external_data=False)))
    found = likeness.Likeness()
    for tokens, reference in zip(text.windows, checkpoint.logits(text), strict=True):
        found.read(tokens, reference, session.logits(tokens, cache))
    return found


def _made(text: HeldText, wanted: Wanted) -> dict[str, str]:
    return {
        "command": wanted.command,
        "held_text": text.name,
        "held_text_sha256": text.sha256,
        "revision": revision(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="a folder")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--name", help="the precision is added; default: the folder's name")
    parser.add_argument("--version", help="default: the next whole number")
    parser.add_argument(
        "--precision", nargs="+", choices=tuple(PRECISIONS), default=["int8"], help="default: int8"
    )
    parser.add_argument("--max-tokens", type=int, help="longest input; default: the model's own")
    parser.add_argument("--text", type=Path, help="UTF-8 to compare on; default: docstrings")
    parser.add_argument("--tokens", type=int, default=DEFAULT_TOKENS, help="of it to read")
    parser.add_argument(
        "--most-growth", type=float, help="share by which the perplexity may grow, if not the usual"
    )
    parser.add_argument(
        "--random",
        action="store_true",
        help="the weights are random, for benchmarks: measure how like the variant is, but let it "
        "through",
    )
    return parser


if __name__ == "__main__":
    main()
