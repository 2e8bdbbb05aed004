"""The three gates of every export: float like torch, int8 like torch, a text like itself alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx
import torch

from scripts.bundling import int8, parity
from scripts.bundling.graph import to_onnx
from scripts.bundling.modules import Exportable
from scripts.bundling.session import GraphSession, padded

Encoded = tuple[Sequence[int], Sequence[int]]
"""Token ids and token types of one text or pair."""

NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class Exported:
    """An int8 graph that passed, and what the gates measured."""

    graph: onnx.ModelProto
    metrics: dict[str, float]


def export(
    module: Exportable,
    rows: Sequence[Encoded],
    compare: parity.Compare,
    int8_limits: parity.Limits,
    *,
    max_tokens: int,
) -> Exported:
    """Export a trained network and compare it on held-out texts.

    Raises:
        GateRefused: a graph differs too much from the network.
    """
    exact = to_onnx(module, max_tokens=max_tokens)
    small = int8.quantise(exact)
    return Exported(small, judge(module, exact, small, (rows, compare, int8_limits)))


def judge(
    module: Exportable,
    exact: onnx.ModelProto,
    small: onnx.ModelProto,
    on: tuple[Sequence[Encoded], parity.Compare, parity.Limits],
) -> dict[str, float]:
    """Run the gates and return what they measured.

    Raises:
        GateRefused: a graph differs too much from the network.
    """
    rows, compare, int8_limits = on
    reference = [_torch(module, row) for row in rows]
    session = GraphSession(small)
    alone = run_alone(session, rows)
    together = _run_together(session, rows)
    return {
        **parity.check(
            "float", compare, parity.FLOAT_LIMITS, reference, run_alone(GraphSession(exact), rows)
        ),
        **parity.check("int8", compare, int8_limits, reference, alone),
        **parity.check("neighbours", compare, parity.NEIGHBOUR_LIMITS, alone, together),
    }


def run_alone(session: GraphSession, rows: Sequence[Encoded]) -> list[parity.Outputs]:
    """Run each text by itself."""
    return [[output[0] for output in session.run(padded([row]))] for row in rows]


def _run_together(session: GraphSession, rows: Sequence[Encoded]) -> list[parity.Outputs]:
    """Run texts beside others of other lengths; padded places are cut off again."""
    found: list[parity.Outputs] = []
    for start in range(0, len(rows), NEIGHBOURS):
        group = rows[start : start + NEIGHBOURS]
        width = max(len(ids) for ids, _ in group)
        outputs = session.run(padded(group))
        for at, (ids, _) in enumerate(group):
            found.append(
                [
                    output[at, : len(ids)] if output.shape[-1] == width else output[at]
                    for output in outputs
                ]
            )
    return found


def _torch(module: Exportable, row: Encoded) -> parity.Outputs:
    batch = {name: torch.from_numpy(array) for name, array in padded([row]).items()}
    with torch.no_grad():
        outputs = module(*(batch[name] for name in module.inputs))
    arrays = outputs if isinstance(outputs, tuple) else (outputs,)
    return [array[0].float().numpy() for array in arrays]
