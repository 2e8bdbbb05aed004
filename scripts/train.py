r"""Step 4, train: fine-tune the base encoder on a staged folder.

python -m scripts.train var/staged/toxicity-0123456789ab --vocabulary var/vocabulary.json \
    --run var/runs/toxicity --budget 25m
python -m scripts.train ... --resume

A run may be killed at any moment; with --resume it goes on and ends with the same weights, to the
bit. A budget is CPU time; it is turned into a number of steps once, before the first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from safetensors.torch import save_file
from tokenizers import Tokenizer

from scripts.corpus.row import read_rows
from scripts.folders import digest, replace_file
from scripts.training import base
from scripts.training.checkpoint import CheckpointFolder
from scripts.training.curve import draw
from scripts.training.examples import Example
from scripts.training.live import LiveLine
from scripts.training.loop import Run, make_exact
from scripts.training.plan import LEARNING_RATE, OtherPlan, Plan, read_plan, seconds
from scripts.training.tasks import TASKS, Task, begin_from, new_network
from scripts.training.vocabulary import prune

CHECKPOINTS = 20
FINAL = "final.safetensors"
MEASURED_TOKENS = 30_000
VALIDATED = 400


def main(arguments: Sequence[str] | None = None) -> Path:
    """Train, or go on training; returns the file of the final weights."""
    options = _options(arguments)
    console = Console()
    kept: list[str] = json.loads(options.vocabulary.read_text(encoding="utf-8"))
    manifest = json.loads((options.staged / "manifest.json").read_text(encoding="utf-8"))
    task = TASKS[manifest["task"]]
    tokenizer = prune(base.tokenizer(), kept)
    make_exact(options.threads)
    console.print(f"encoding the rows of {options.staged.name}")
    parts = read_parts(task, tokenizer, options.staged)
    plan = _plan(options, task, kept, parts)
    run = Run(task, new_network(task, kept, seed=plan.seed), plan, parts)
    if plan.begun_from:
        _begin_from(run, options.begun_from)
    folder = CheckpointFolder(options.run / "checkpoints")
    newest = folder.newest(console.print)
    if newest:
        run.resume(newest)
        console.print(f"going on from step {newest.step}")
    with LiveLine(console, plan.steps) as line:
        run.train(folder, every=options.every or _every(plan), report=line.show)
    return _finish(run, tokenizer, options.run, console)


def read_parts(task: Task, tokenizer: Tokenizer, staged: Path) -> dict[str, Sequence[Example]]:
    """Encode the rows that are learnt from and a sample of those that are validated on."""
    valid = list(read_rows(staged / "valid.jsonl"))
    return {
        "train": task.encode(list(read_rows(staged / "train.jsonl")), tokenizer),
        "valid": task.encode(valid[:: max(1, len(valid) // VALIDATED)], tokenizer),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("staged", type=Path)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--from", dest="begun_from", type=Path, help="begin with another run")
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--budget", type=seconds, default=seconds("25m"), help="CPU time: 25m")
    length.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, help="steps between checkpoints")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    return parser.parse_args(arguments)


def _plan(
    options: argparse.Namespace,
    task: Task,
    kept: Sequence[str],
    parts: dict[str, Sequence[Example]],
) -> Plan:
    """Return the plan of the run in the folder, or make one.

    Raises:
        OtherPlan: there is a run and --resume was not given, or it learns from something else.
    """
    staged = digest(options.staged / "manifest.json")
    vocabulary = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    found = read_plan(options.run)
    if found and not options.resume:
        raise OtherPlan(f"{options.run} holds a run already: add --resume or choose another folder")
    if found:
        if (found.staged, found.vocabulary) != (staged, vocabulary):
            raise OtherPlan(f"the run in {options.run} learns from other data")
        make_exact(found.threads)
        return found
    plan = Plan(
        task=task.name,
        staged=staged,
        vocabulary=vocabulary,
        steps=options.steps or 1,
        seed=options.seed,
        learning_rate=options.learning_rate,
        threads=options.threads,
        precision=_precision(options.precision),
        begun_from=digest(options.begun_from / FINAL) if options.begun_from else "",
    )
    if not options.steps:
        plan = _within(
            options.budget, plan, Run(task, new_network(task, kept, seed=1), plan, parts)
        )
    plan.write(options.run)
    return plan


def _begin_from(run: Run, other: Path | None) -> None:
    if other is None or digest(other / FINAL) != run.plan.begun_from:
        raise OtherPlan("the run began from another one: name the same with --from")
    begin_from(run.network, other / FINAL)


def _within(budget_s: float, plan: Plan, trial: Run) -> Plan:
    """Return the plan with as many steps as the budget allows, one in twenty left to validation."""
    cost_s = trial.seconds_per_token(MEASURED_TOKENS) * plan.batch_tokens
    steps = max(1, int(budget_s * 0.93 / cost_s))
    return replace(plan, steps=steps)


def _precision(wanted: str) -> str:
    """Return bfloat16 where the processor multiplies it, else float32."""
    if wanted != "auto":
        return wanted
    fast = torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if fast else "float32"


def _every(plan: Plan) -> int:
    return max(1, plan.steps // CHECKPOINTS)


def _finish(run: Run, tokenizer: Tokenizer, folder: Path, console: Console) -> Path:
    """Write weights, tokenizer and curve; the weights' digest is the run's result."""
    path = folder / FINAL
    draft = folder / ".tmp-final.safetensors"
    save_file({name: t.contiguous() for name, t in run.network.state_dict().items()}, draft)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    draw(run.progress, f"{run.task.name}: loss", folder)
    draft.replace(path)
    result = {
        "sha256": digest(path),
        "steps": run.step,
        "cpu_s": round(run.progress.cpu_s, 1),
        "validation": run.progress.validation[-1][1] if run.progress.validation else None,
    }
    replace_file(folder / "result.json", json.dumps(result, indent=2).encode() + b"\n")
    console.print(f"wrote {path}: {result}")
    return path


if __name__ == "__main__":
    main()
