"""Which of a model's graphs to take: precisions and hardware by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from app.errors import BundleError
from app.hub.origin import GRAPH_KIND, Variant

Hardware = Literal["cpu", "gpu"]

# What a graph's name and folders say, the best first. A word stands alone: "q4" is not in "q4f16".
_PREFERRED: Mapping[Hardware, tuple[str, ...]] = {
    "cpu": ("q4", "int4", "quantized", "q8", "int8", "", "fp32", "q4f16", "fp16", "bf16", "uint8"),
    "gpu": ("fp16", "bf16", "q4f16", "", "fp32", "q4", "int4"),
}
_PRECISIONS = frozenset(word for words in _PREFERRED.values() for word in words if word) | {"bnb4"}
_ELSEWHERE: Mapping[Hardware, frozenset[str]] = {
    "cpu": frozenset({"gpu", "cuda", "directml", "dml", "webgpu", "qnn", "npu", "tensorrt"}),
    "gpu": frozenset({"cpu", "mobile", "directml", "dml", "webgpu", "qnn", "npu"}),
}
_MAIN = re.compile(r"(model|decoder_model_merged)(_\w+)?")
"""Graphs that are whole models. Others are parts: an image encoder, embeddings, a head."""


def find_variants(files: Mapping[str, int]) -> list[Variant]:
    """Return every graph with its weights, by path."""
    graphs = sorted(path for path in files if path.endswith(GRAPH_KIND))
    return [_variant(graph, files) for graph in graphs]


def choose(variants: Sequence[Variant], hardware: Hardware, wanted: str | None = None) -> Variant:
    """Return the variant that fits the hardware best, or the wanted one.

    Args:
        variants: what there is.
        hardware: on a CPU small weights count most, on a GPU half precision.
        wanted: a graph's path, its folder, or the precision in its name: `q4`, `fp16`.

    Raises:
        BundleError: nothing fits, or several do.
    """
    if wanted is not None:
        return _only(_wanted(variants, wanted), wanted, variants)
    whole = [variant for variant in variants if _MAIN.fullmatch(_stem(variant.graph))]
    ranked = [(_rank(variant, hardware), variant) for variant in whole or variants]
    if not ranked:
        raise BundleError("There is no ONNX file: export the model to ONNX first.")
    best = min(rank for rank, _ in ranked)
    return _only([variant for rank, variant in ranked if rank == best], None, variants)


def _variant(graph: str, files: Mapping[str, int]) -> Variant:
    begin = re.compile(re.escape(graph) + r"([._].*)?")
    weights = tuple(
        sorted(p for p in files if p != graph and begin.fullmatch(p) and "/" not in p[len(graph) :])
    )
    return Variant(graph, weights, files[graph] + sum(files[path] for path in weights))


def _wanted(variants: Sequence[Variant], wanted: str) -> list[Variant]:
    for fits in (
        lambda v: wanted in (v.graph, v.graph.removesuffix(GRAPH_KIND)),
        lambda v: wanted in (v.graph.rpartition("/")[0], v.graph.split("/")[-2:][0]),
        lambda v: _precision(v.graph) == wanted and _MAIN.fullmatch(_stem(v.graph)),
        lambda v: wanted in _words(v.graph),
    ):
        if found := [variant for variant in variants if fits(variant)]:
            return found
    return []


def _rank(variant: Variant, hardware: Hardware) -> tuple[int, int, int]:
    words, precision = _words(variant.graph), _precision(variant.graph)
    order = _PREFERRED[hardware]
    return (
        int(bool(words & _ELSEWHERE[hardware])),
        order.index(precision) if precision in order else len(order),
        # A plain model before one that was merged from two graphs.
        int("merged" in words),
    )


def _precision(graph: str) -> str:
    """Return the precision that the name, or else the folder next to it, tells."""
    for part in reversed(graph.removesuffix(GRAPH_KIND).split("/")):
        if told := [word for word in _split(part) if word in _PRECISIONS]:
            return told[-1]
    return ""


def _words(graph: str) -> set[str]:
    return {word for part in graph.removesuffix(GRAPH_KIND).split("/") for word in _split(part)}


def _split(part: str) -> list[str]:
    return re.split(r"[-_. ]", part.lower())


def _stem(graph: str) -> str:
    return graph.rpartition("/")[2].removesuffix(GRAPH_KIND)


def _only(found: Sequence[Variant], wanted: str | None, variants: Sequence[Variant]) -> Variant:
    if len(found) == 1:
        return found[0]
    known = ", ".join(variant.graph for variant in found or variants) or "no ONNX file at all"
    if wanted is None:
        raise BundleError(f"Several variants fit as well; choose one with --variant: {known}.")
    what = "Several variants are" if found else "No variant is"
    raise BundleError(f"{what} called {wanted!r}; there are: {known}.")
