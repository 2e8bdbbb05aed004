"""The training loop: plain torch, and the same final weights however often it was killed.

Which examples a step sees and which units it drops are functions of seed and step; weights and
optimizer come from the checkpoint. So a resumed run computes what the killed one would have.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from scripts.training.checkpoint import Checkpoint, CheckpointFolder
from scripts.training.examples import Batch, Example, collate
from scripts.training.order import Order
from scripts.training.plan import Plan

if TYPE_CHECKING:  # the tasks bring transformers along, which takes seconds to import
    from scripts.training.tasks import Task

LARGEST_GRADIENT = 1.0
SMOOTHING = 0.98


class Diverged(Exception):
    """The loss is not a number."""


@dataclass(slots=True)
class Progress:
    """What a run has measured so far; part of every checkpoint."""

    losses: list[float] = field(default_factory=list)
    """One a step."""
    validation: list[tuple[int, float]] = field(default_factory=list)
    """Steps done, and the mean loss on the validation rows then."""
    cpu_s: float = 0.0

    @property
    def best_step(self) -> int | None:
        """The step with the lowest validation loss."""
        return min(self.validation, key=lambda pair: pair[1])[0] if self.validation else None

    @property
    def smooth_loss(self) -> float:
        """A running mean of the loss."""
        weights = [SMOOTHING**age for age in range(min(200, len(self.losses)))]
        recent = self.losses[::-1][: len(weights)]
        return sum(map(lambda w, x: w * x, weights, recent)) / sum(weights) if weights else math.nan


class Run:
    """One network on its way through a plan."""

    def __init__(
        self, task: Task, network: Any, plan: Plan, parts: dict[str, Sequence[Example]]
    ) -> None:
        self.task = task
        self.network = network
        self.plan = plan
        self.progress = Progress()
        self.step = 0
        self._train, self._valid = parts["train"], parts["valid"]
        self._order = Order(
            [len(example.ids) for example in self._train],
            seed=plan.seed,
            batch_tokens=plan.batch_tokens,
        )
        trained = [p for p in network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            trained, lr=plan.learning_rate, weight_decay=plan.weight_decay
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.network.load_state_dict(checkpoint.model)
        self._optimizer.load_state_dict(_nested(checkpoint.optimizer, self._optimizer))
        self.step = checkpoint.step
        state = checkpoint.state
        self.progress = Progress(
            state["losses"], [(int(a), float(b)) for a, b in state["validation"]], state["cpu_s"]
        )

    def checkpoint(self) -> Checkpoint:
        """Return everything the run goes on from."""
        return Checkpoint(
            self.step,
            {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()},
            _flat(self._optimizer),
            {
                "losses": self.progress.losses,
                "validation": self.progress.validation,
                "cpu_s": self.progress.cpu_s,
                "best_step": self.progress.best_step,
            },
        )

    def train(self, folder: CheckpointFolder, *, every: int, report: Callable[[Run], None]) -> None:
        """Do the remaining steps, with a checkpoint each `every` steps and at the end.

        Raises:
            Diverged: the loss is not a number.
        """
        batches = self._order.batches(self.step)
        while self.step < self.plan.steps:
            started = time.process_time()
            self._learn(collate([self._train[number] for number in next(batches)]))
            self.step += 1
            self.progress.cpu_s += time.process_time() - started
            if self.step % every == 0 or self.step == self.plan.steps:
                self.progress.validation.append((self.step, self.validate()))
                folder.save(self.checkpoint())
            report(self)

    def validate(self) -> float:
        """Return the mean loss on the validation rows."""
        self.network.eval()
        ordered = sorted(self._valid, key=lambda example: len(example.ids))
        total = 0.0
        with torch.no_grad(), precision(self.plan):
            for start in range(0, len(ordered), 16):
                some = ordered[start : start + 16]
                total += float(self._loss(collate(some))) * len(some)
        return total / max(1, len(ordered))

    def seconds_per_token(self, tokens: int) -> float:
        """Measure what learning costs, without learning: for turning a budget into steps."""
        started, seen = time.process_time(), 0
        for numbers in self._order.batches(0):
            batch = collate([self._train[number] for number in numbers])
            self._gradients(batch)
            seen += batch.ids.numel()
            if seen >= tokens:
                break
        self._optimizer.zero_grad()
        return (time.process_time() - started) / seen

    def _learn(self, batch: Batch) -> None:
        # The dropped units depend on the step alone.
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.rate(self.step)
        loss = self._gradients(batch)
        if not math.isfinite(loss):
            raise Diverged(f"the loss of step {self.step} is {loss}: lower the learning rate")
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.progress.losses.append(round(loss, 5))

    def _gradients(self, batch: Batch) -> float:
        self.network.train()
        with precision(self.plan):
            loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        outputs = self.network(
            input_ids=batch.ids, attention_mask=batch.mask, token_type_ids=batch.types
        )
        return self.task.loss(outputs, batch)


def precision(plan: Plan) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which the network computes."""
    return torch.autocast("cpu", torch.bfloat16, enabled=plan.precision == "bfloat16")


def make_exact(threads: int) -> None:
    """Let torch compute the same bits every time."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


def _flat(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {f"{at}.{name}": value for at, some in state.items() for name, value in some.items()}


def _nested(flat: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in flat.items():
        at, name = key.split(".", 1)
        state.setdefault(int(at), {})[name] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
