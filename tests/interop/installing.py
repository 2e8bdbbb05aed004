"""Install other people's clients from their registries, at locked versions, once for each lock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".venv" / "clients"
"""Goes with the virtual environment; git knows nothing of it."""
INSTALL_TIMEOUT_S = 300


def node_modules() -> Path:
    """Return a folder whose `node_modules` hold the Node clients."""
    lock = HERE / "node" / "package-lock.json"
    folder = CACHE / f"node-{_digest(lock)}"
    if not folder.exists():
        building = _fresh(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, building)
        _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], building)
        building.rename(folder)
    return folder


def python_with(client: str) -> Path:
    """Return a Python that has a client whose needs and ours do not go together.

    Its lock names all that is needed, which may be less than its packages ask for.
    """
    lock = HERE / client / "requirements.txt"
    folder = CACHE / f"{client}-{_digest(lock)}"
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder)], CACHE)
        _run(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--no-input",
                "--no-deps",
                "--no-compile",
                "-r",
                str(lock),
            ],
            CACHE,
        )
        stamp.touch()
    return python


def _digest(lock: Path) -> str:
    return sha256(lock.read_bytes()).hexdigest()[:12]


def _fresh(folder: Path) -> Path:
    """Return an empty folder beside one that is to be made."""
    building = folder.with_suffix(".part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    return building


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
