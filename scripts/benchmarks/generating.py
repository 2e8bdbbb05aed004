"""A server with a language model of random weights and the default filters that are rules."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bundles import list_bundles
from app.settings import ChainEntry
from app.settings.source import load_settings
from filters import Stage
from scripts.benchmarks.served import Served, served

RULES = {"keyword"}
"""Filters that run no model."""
REQUEST_S = 300


@contextmanager
def serving(
    bundle: Path, *, threads: int, spin_us: int | None = None, guards_answers: bool = False
) -> Iterator[Served]:
    """Serve one bundle (`models/<name>/<version>`) with fresh state.

    The chain is the one of penstock.toml, reduced to rules. With `guards_answers` they judge what
    the model writes, too, and hold it back until they have.
    """
    with TemporaryDirectory(prefix="penstock-bench-") as folder:
        home = Path(folder)
        models = home / "models"
        name, version = bundle.parent.name, bundle.name
        _link(bundle, models / name / version)
        for found in list_bundles(Path("models")):
            if found.name == "encoder":
                _link(Path("models", found.name, found.version), models / "encoder" / found.version)
        config = home / "bench.toml"
        config.write_text(
            settings_of(models, name, threads, spin_us=spin_us, chain=rule_chain(guards_answers)),
            encoding="utf-8",
        )
        home.chmod(0o755)
        with served(config) as server:
            yield server


def rule_chain(guards_answers: bool) -> list[ChainEntry]:
    """Return the default chain's rules, and if wanted all of them for answers as well."""
    default = load_settings(Path("penstock.toml")).chain
    rules = [entry for entry in default if entry.filter in RULES]
    on_answers = [
        entry.model_copy(update={"id": f"{entry.id}-of-answers", "stage": Stage.OUTPUT})
        for entry in rules
        if entry.stage is Stage.INPUT and guards_answers
    ]
    return [*rules, *on_answers]


def settings_of(
    models: Path, name: str, threads: int, *, spin_us: int | None, chain: Sequence[ChainEntry]
) -> str:
    """Return the server's settings as TOML."""
    runtime = f"threads = {threads}"
    runtime += "" if spin_us is None else f", spin_us = {spin_us}"
    lines = [
        f"model = {json.dumps(name)}",
        f"models_dir = {json.dumps(str(models))}",
        "sources = []",
        f"limits = {{ request_s = {REQUEST_S} }}",
        f"runtime = {{ {runtime} }}",
    ]
    for entry in chain:
        told = entry.model_dump(
            mode="json", include={"id", "filter", "stage", "action", "threshold"}
        )
        lines += ["[[chain]]", *(f"{key} = {json.dumps(value)}" for key, value in told.items())]
        words = [f"{key} = {json.dumps(value)}" for key, value in entry.options.items()]
        lines.append(f"options = {{ {', '.join(words)} }}")
    return "\n".join(lines) + "\n"


def _link(source: Path, target: Path) -> None:
    """Bring a bundle to another folder of the same disk without copying it, else copy it."""

    def bring(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copyfile(one, other)

    shutil.copytree(source, target, copy_function=bring)
