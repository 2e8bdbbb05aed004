"""The model card: what a person should know before using the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bundles.manifest import Manifest, Tensor

CACHE = ("past_key_values.", "present.")
HEADER = """\
# {name} {version}

{purpose}
"""


@dataclass(frozen=True, slots=True)
class CardText:
    """What only a person can say about a model."""

    purpose: str
    intended_use: str
    weak_points: Sequence[str]
    limits: Sequence[str]


def render(manifest: Manifest, text: CardText, command: str) -> str:
    """Return the card as Markdown; numbers come from the manifest alone."""
    parts = [
        HEADER.format(name=manifest.name, version=manifest.version, purpose=text.purpose),
        _section("Intended use", text.intended_use),
        _section("Form", _form(manifest)),
        _section("Where the weights come from", _origin(manifest)),
        _section("Measured", _measures(manifest.metrics)),
        _section("Weak points", _bullets(text.weak_points)),
        _section("Limits", _bullets(text.limits)),
        _section("Made by", f"```sh\n{command}\n```\n\n{_training(manifest.training)}"),
    ]
    return "\n".join(part for part in parts if part)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body.rstrip()}\n" if body.strip() else ""


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _form(manifest: Manifest) -> str:
    inputs, outputs = _names(manifest.inputs), _names(manifest.outputs)
    labels = getattr(manifest.model, "labels", ())
    lines = [
        f"- Task: {manifest.model.task}",
        *([f"- Labels: {', '.join(labels)}"] if labels else []),
        f"- Inputs: {inputs}; outputs: {outputs}; at most {manifest.max_tokens} tokens",
        f"- Quantization: {manifest.quantization}",
        f"- Licence: {manifest.licence}",
    ]
    return "\n".join(lines)


def _names(tensors: Sequence[Tensor]) -> str:
    """Name tensors; of a cache, which has two a layer, say only that it is there."""
    plain = [tensor.name for tensor in tensors if not tensor.name.startswith(CACHE)]
    told = [f"`{name}`" for name in plain]
    layers = (len(tensors) - len(plain)) // 2
    return ", ".join([*told, f"keys and values of {layers} layers"] if layers else told)


def _origin(manifest: Manifest) -> str:
    lines = [f"Base: {manifest.base}." if manifest.base else ""]
    if manifest.datasets:
        lines += ["", "| data | licence | rows | source |", "|---|---|---|---|"]
        lines += [f"| {d.name} | {d.licence} | {d.rows} | {d.source} |" for d in manifest.datasets]
    return "\n".join(lines)


def _measures(metrics: Mapping[str, float]) -> str:
    if not metrics:
        return ""
    rows = [f"| {name} | {value:.4g} |" for name, value in metrics.items()]
    return "\n".join(["| measure | value |", "|---|---|", *rows])


def _training(training: Mapping[str, object]) -> str:
    rows = [f"| {name} | {value} |" for name, value in training.items()]
    return "\n".join(["| setting | value |", "|---|---|", *rows]) if rows else ""
