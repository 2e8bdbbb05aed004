"""Step 3, stage: split rows by group and freeze them with a manifest.

python -m scripts.stage var/clean/toxicity.jsonl --task toxicity --out var/staged

Writes `var/staged/<task>-<digest>/` with train, valid and test rows, and lets the link
`var/staged/<task>` lead to it. The folder never changes: other rows give another digest. A row's part depends on its group alone, so it stays in its part
when rows are added later.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.bundling.bundle import revision
from scripts.corpus.row import Row, read_rows, write_rows
from scripts.corpus.tasks import SETS
from scripts.folders import UNFINISHED, digest, new_folder

SALT = "penstock-1"
PARTS = ("train", "valid", "test")
SHARES: Mapping[str, float] = {"valid": 0.03, "test": 0.07}
SCHEMA = 1


def main(arguments: Sequence[str] | None = None) -> Path:
    """Stage one file of rows; returns the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--task", choices=sorted(SETS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    folder = stage(options.rows, options.task, options.out)
    point(options.out / options.task, folder.name)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    counts = ", ".join(f"{part} {manifest['files'][f'{part}.jsonl']['rows']}" for part in PARTS)
    Console().print(f"staged {folder}: {counts}")
    return folder


def stage(rows_path: Path, task: str, out: Path) -> Path:
    """Write the folder, or return it if it is there already."""
    parent = digest(rows_path)
    folder = out / f"{task}-{parent[:12]}"
    if folder.exists():
        return folder
    parts = split(read_rows(rows_path))
    with new_folder(folder) as draft:
        files = {f"{part}.jsonl": _write(draft / f"{part}.jsonl", parts[part]) for part in PARTS}
        manifest = {
            "schema": SCHEMA,
            "task": task,
            "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "revision": revision(),
            "parent": {"file": rows_path.name, "sha256": parent},
            "filters": _report(rows_path),
            "split": {"by": "sha256(salt + group)", "salt": SALT, "shares": dict(SHARES)},
            "sources": _sources(task, [row for rows in parts.values() for row in rows]),
            "files": files,
        }
        text = json.dumps(manifest, indent=2)
        (draft / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return folder


def point(link: Path, name: str) -> None:
    """Let a link lead to the folder `name` beside it."""
    draft = link.with_name(f"{UNFINISHED}{link.name}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(name)
    draft.replace(link)


def split(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Give each row to train, valid or test."""
    parts: dict[str, list[Row]] = {part: [] for part in PARTS}
    for row in rows:
        parts[part_of(row.group)].append(row)
    return parts


def part_of(group: str) -> str:
    """Return the part that all rows of a group belong to."""
    place = int.from_bytes(hashlib.sha256(f"{SALT}{group}".encode()).digest()[:8]) / 2**64
    if place < SHARES["valid"]:
        return "valid"
    return "test" if place < SHARES["valid"] + SHARES["test"] else "train"


def _write(path: Path, rows: Sequence[Row]) -> dict[str, Any]:
    count = write_rows(path, rows)
    return {"rows": count, "sha256": digest(path)}


def _report(rows_path: Path) -> Any:
    report = rows_path.with_suffix(".report.json")
    return json.loads(report.read_text(encoding="utf-8")) if report.exists() else None


def _sources(task: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    counts = Counter((row.source, row.licence) for row in rows)
    return [
        {
            "name": source,
            "licence": licence,
            "rows": count,
            "source": SETS[task][source].source if source in SETS[task] else "own exchanges",
            "sha256": _digest_of(row for row in rows if row.source == source),
        }
        for (source, licence), count in sorted(counts.items())
    ]


def _digest_of(rows: Iterable[Row]) -> str:
    """Return one digest over the rows' texts, in order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(row.digest.encode())
    return whole.hexdigest()


if __name__ == "__main__":
    main()
