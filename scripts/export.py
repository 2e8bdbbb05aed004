r"""Step 5, export: from a finished run to a bundle that the server can load.

python -m scripts.export var/runs/toxicity --staged var/staged/toxicity-0123456789ab \
    --models models

The graph is compared with the trained network on held-out rows before and after int8, and
measured on them slice by slice; card and manifest are written last. Toxicity goes through
Detoxify, from a checkpoint in its layout.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from tokenizers import Tokenizer

from app.bundles import Bundle, load_bundle
from app.bundles.manifest import Dataset, QuestionAnswering
from scripts.bundling import canaries, gates
from scripts.bundling.bundle import Draft, revision, write_bundle
from scripts.bundling.recipes import FINAL, RECIPES
from scripts.corpus.row import Row, read_rows
from scripts.evaluation import answers, own_docs
from scripts.evaluation.heldout import measure
from scripts.evaluation.questions import questions_of
from scripts.folders import digest
from scripts.training import base
from scripts.training.plan import Plan, read_plan
from scripts.training.tasks import TASKS

GATE_ROWS = 500
MISLEADING = "sentences"


class NotFinished(Exception):
    """The run has no final weights yet, or it learnt from other data."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run with what it learnt from."""

    folder: Path
    staged: Path
    plan: Plan
    manifest: dict[str, Any]
    """Of the staged data."""

    def rows(self, part: str, most: int | None) -> list[Row]:
        """Return the rows of a part, spread over it if they are too many."""
        rows = list(read_rows(self.staged / f"{part}.jsonl"))
        return rows[:: max(1, len(rows) // most)] if most else rows


def main(arguments: Sequence[str] | None = None) -> Path:
    """Export a run; returns the bundle's folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--staged", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--version", help="default: the next whole number")
    parser.add_argument("--rows", type=int, help="held-out rows to measure on; default: all")
    parser.add_argument(
        "--encoder", default="encoder", help="bundle whose embeddings the answerer weighs"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    run = finished(options.run, options.staged)
    console.print(f"exporting {run.plan.task} and comparing it with the trained network")
    draft = exported(run, options.rows)
    console.print("measuring it on held-out rows, as it is served")
    draft = measured(draft, run, options)
    path = write_bundle(draft, options.models, options.version)
    console.print(f"wrote {path}")
    return path


def finished(folder: Path, staged: Path) -> Finished:
    """Return a run that has ended.

    Raises:
        NotFinished: it has not, or it learnt from other data.
    """
    plan = read_plan(folder)
    if plan is None or not (folder / FINAL).exists():
        raise NotFinished(f"{folder} holds no finished run: train with --resume first")
    if plan.staged != digest(staged / "manifest.json"):
        raise NotFinished(f"the run in {folder} did not learn from {staged}")
    manifest = json.loads((staged / "manifest.json").read_text(encoding="utf-8"))
    return Finished(folder, staged, plan, manifest)


def exported(run: Finished, most_rows: int | None) -> Draft:
    """Export the network through its gates.

    Raises:
        GateRefused: a graph differs too much from the network.
    """
    task, recipe = TASKS[run.plan.task], RECIPES[run.plan.task]
    tokenizer = Tokenizer.from_file(str(run.folder / "tokenizer.json"))
    rows = run.rows("test", min(most_rows or GATE_ROWS, GATE_ROWS))
    graph = gates.export(
        recipe.module(run.folder, tokenizer),
        [(example.ids, example.types) for example in task.encode(rows, tokenizer)],
        recipe.compare,
        recipe.limits,
        max_tokens=task.max_tokens,
    )
    return Draft(
        name=task.name,
        model=recipe.model,
        graph=graph.graph,
        tokenizer=tokenizer,
        max_tokens=task.max_tokens,
        canaries=canaries.PLACEHOLDER,
        card=recipe.card,
        command=f"python -m scripts.export runs/{run.folder.name} --staged {run.staged.name}",
        base=base.DESCRIPTION,
        datasets=tuple(Dataset(**source) for source in run.manifest["sources"]),
        metrics=graph.metrics,
        training={**asdict(run.plan), "revision": revision(), "torch": torch.__version__},
    )


def measured(draft: Draft, run: Finished, options: argparse.Namespace) -> Draft:
    """Return the draft with canaries, held-out measures and, for an answerer, its weights."""
    encoder = None
    if isinstance(draft.model, QuestionAnswering):
        encoder = load_bundle(options.models, options.encoder)
    with TemporaryDirectory() as folder:
        write_bundle(draft, Path(folder), "1")
        bundle = load_bundle(Path(folder), draft.name)
        draft = replace(draft, canaries=canaries.canaries_of(bundle, canaries.BY_TASK[draft.name]))
        if isinstance(draft.model, QuestionAnswering) and encoder:
            draft = replace(draft, model=_weighed(draft.model, bundle, encoder, run, options.rows))
        write_bundle(draft, Path(folder), "2")
        bundle = load_bundle(Path(folder), draft.name)
        found = measure(bundle, run.rows("test", options.rows), encoder)
    return replace(draft, metrics={**found, **draft.metrics})


def _weighed(
    model: QuestionAnswering, bundle: Bundle, encoder: Bundle, run: Finished, most: int | None
) -> QuestionAnswering:
    """Fit the answerer's weights on validation rows and on questions about our own documentation."""
    asked = questions_of(_natural(run.rows("valid", most)), encoder)
    own = own_docs.fitting(own_docs.own_questions(encoder))
    reads = answers.read_all(bundle, encoder, [*asked, *own])
    return answers.fit(model, reads[: len(asked)], reads[len(asked) :])


def _natural(rows: list[Row]) -> list[Row]:
    """Leave out passages that were put together to mislead: sources do not do that."""
    return [row for row in rows if row.source != MISLEADING]


if __name__ == "__main__":
    main()
