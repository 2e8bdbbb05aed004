"""Making a bundle of a foreign model: fetch, recognise, run once, write, and try it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from app.bundles import list_bundles, load_bundle
from app.bundles.bundle import MAX_BUNDLE_BYTES, NAME
from app.bundles.manifest import MODEL, TOKENIZER, Canary, File, Manifest
from app.bundles.onnx_file import read_onnx_file
from app.errors import BundleError
from app.hub import canaries, card
from app.hub.configuration import Configuration
from app.hub.origin import Advance, Origin, Variant, beside
from app.hub.recognition import GraphForm, longest, recognise
from app.settings import RuntimeSettings

NOTICES = ("LICENSE", "LICENSE.txt", "NOTICE")
STAGE = ".incoming-"
"""Begins the name of a folder in which a bundle is made; no bundle's name begins like this."""

Begin = Callable[[str, int], object]
"""Told what is done next, and how many bytes that is about."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What an operator wants of a model."""

    variant: Variant
    name: str | None = None
    """Of the bundle; by default the origin's."""
    version: str | None = None
    """By default the next whole number."""
    max_tokens: int | None = None
    """The longest input to allow, if not all that the model could read."""
    reuse: bool = False
    """Take a bundle of the same name that was made of the same files before, if there is one."""


def adopt(
    origin: Origin,
    choice: Choice,
    models_dir: Path,
    runtime: RuntimeSettings,
    begin: Begin = lambda text, size: None,
    advance: Advance = lambda size: None,
) -> str:
    """Make a bundle and return its reference; what is there already is not made again.

    There must be no event loop in this thread.

    Raises:
        HubError: a file cannot be fetched.
        BundleError: the model cannot be served, or the version exists.
    """
    name = choice.name or bundle_name(origin.name)
    if (known := _known(origin, choice, models_dir, name)) is not None:
        return known
    version = choice.version or _next_version(models_dir / name)
    if not NAME.fullmatch(name) or not NAME.fullmatch(version):
        raise BundleError(f"{name}@{version}: use lower-case letters, digits, dots, dashes.")
    if (models_dir / name / version).exists():
        raise BundleError(f"{name}@{version} exists already.")
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STAGE, dir=models_dir) as place:
        stage = Path(place)
        folder = stage / name / version
        folder.mkdir(parents=True)
        parts = _fetch(origin, choice.variant, begin, advance)
        begin("checking and running it", 0)
        manifest = _write(origin, choice, parts, folder)
        if choice.reuse and (same := _same(manifest, models_dir)) is not None:
            return same
        asyncio.run(_try(stage, manifest, folder, runtime))
        (models_dir / name).mkdir(exist_ok=True)
        folder.chmod(0o755)
        folder.rename(models_dir / name / version)
    origin.forget()
    return f"{name}@{version}"


def bundle_name(name: str) -> str:
    """Return a bundle's name for a repository's: `Org/Some_Model-1B` becomes `some_model-1b`."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.rpartition("/")[2].lower())
    return plain.strip("._-")[:64] or "model"


@dataclass(frozen=True, slots=True)
class _Parts:
    graph: Path
    weights: Mapping[str, Path]
    side: Mapping[str, Path]


def _fetch(origin: Origin, variant: Variant, begin: Begin, advance: Advance) -> _Parts:
    """Fetch what is small first, then the graph, then the weights that it really reads."""
    named = beside(origin.files, variant.graph)
    if TOKENIZER not in named:
        raise BundleError(
            f"{origin.name} has no {TOKENIZER}. Make one with the `transformers` library: "
            'AutoTokenizer.from_pretrained("…").save_pretrained("…").'
        )
    total = variant.bytes + sum(origin.files[path] for path in named.values())
    if total > MAX_BUNDLE_BYTES:
        raise BundleError(f"{variant.graph}: {total} bytes are more than a bundle may have.")
    begin(variant.graph, total)
    found = origin.fetch([*named.values(), variant.graph], advance)
    graph = found[variant.graph]
    side = {name: found[path] for name, path in named.items()}
    folder = variant.graph.rpartition("/")[0]
    weights = {name: f"{folder}/{name}" if folder else name for name in _external(graph)}
    if missing := [name for name, path in weights.items() if path not in origin.files]:
        raise BundleError(f"{variant.graph} reads weights from {missing[0]!r}, which is not there.")
    at = origin.fetch(list(weights.values()), advance)
    return _Parts(graph, {name: at[path] for name, path in weights.items()}, side)


def _external(graph: Path) -> list[str]:
    names = sorted({location for location, _, _ in read_onnx_file(graph).external})
    for name in names:
        if "/" in name or name in (MODEL, TOKENIZER, "", ".", ".."):
            raise BundleError(f"{graph.name} reads weights from {name!r}, which is not beside it.")
    return names


def _write(origin: Origin, choice: Choice, parts: _Parts, folder: Path) -> Manifest:
    """Write everything but the canaries, which only the finished bundle can make."""
    configuration = Configuration(parts.side)
    form = GraphForm(parts.graph)
    try:
        tokenizer = Tokenizer.from_file(str(parts.side[TOKENIZER]))
    except Exception as error:  # the tokenizers package raises plain Exception
        raise BundleError(f"{TOKENIZER} cannot be read ({str(error)[:300]})") from error
    model = recognise(form, configuration, tokenizer)
    notices = {name: parts.side[name] for name in NOTICES if name in parts.side}
    contents = {MODEL: parts.graph, TOKENIZER: parts.side[TOKENIZER], **parts.weights, **notices}
    for name, file in contents.items():
        shutil.copyfile(file, folder / name)
    source = origin.source(choice.variant.graph)
    manifest = Manifest(
        name=folder.parent.name,
        version=folder.name,
        created_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        model=model,
        max_tokens=longest(model, configuration, choice.max_tokens),
        inputs=form.inputs,
        outputs=form.outputs,
        files={},
        quantization=_quantization(choice.variant.graph),
        canaries=canaries.unknown(model),
        licence=origin.licence or card.UNKNOWN,
        base=f"{source.repository}, revision {source.revision}"
        if source
        else f"the folder {origin.name}",
        source=source,
    )
    (folder / "README.md").write_text(card.render(manifest), encoding="utf-8")
    return _seal(manifest, folder, manifest.canaries)


async def _try(stage: Path, manifest: Manifest, folder: Path, runtime: RuntimeSettings) -> None:
    """Run the model as the server would, let it make its canaries, and see it pass them."""
    reference = f"{manifest.name}@{manifest.version}"
    bundle = load_bundle(stage, reference)
    _seal(manifest, folder, await canaries.made(bundle, runtime))
    await canaries.check(load_bundle(stage, reference), runtime)


def _seal(manifest: Manifest, folder: Path, made: tuple[Canary, ...]) -> Manifest:
    files = {
        path.name: _file(path) for path in sorted(folder.iterdir()) if path.name != "manifest.json"
    }
    sealed = manifest.model_copy(update={"files": files, "canaries": made})
    sealed.write(folder)
    return sealed


def _file(path: Path) -> File:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return File(sha256=digest, bytes=path.stat().st_size)


def _quantization(graph: str) -> str:
    return graph.removesuffix(".onnx")


def _next_version(folder: Path) -> str:
    numbers = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
    return str(max(numbers, default=0) + 1)


def _same(manifest: Manifest, models_dir: Path) -> str | None:
    """Return the bundle that holds the same model: only the card and what tells of it may differ."""

    def content(one: Manifest) -> object:
        files = {name: file for name, file in one.files.items() if name != "README.md"}
        return files, one.model, one.max_tokens

    for entry in list_bundles(models_dir):
        known = entry.manifest
        if known and entry.name == manifest.name and content(known) == content(manifest):
            return f"{entry.name}@{entry.version}"
    return None


def _known(origin: Origin, choice: Choice, models_dir: Path, name: str) -> str | None:
    """Return the bundle that was made of the very same files before."""
    source = origin.source(choice.variant.graph)
    for entry in list_bundles(models_dir):
        is_same = entry.manifest and entry.manifest.source == source
        if source and entry.name == name and is_same and choice.version in (None, entry.version):
            return f"{entry.name}@{entry.version}"
    return None
