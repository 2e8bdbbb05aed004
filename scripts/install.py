"""Make `.venv` hold what is asked for, and do nothing when it does already.

    python3 scripts/install.py cpu embedded

Needs nothing but Python's standard library. What pip says is kept in `.venv/install.log`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
LOG = VENV / "install.log"

# The CPU build where one is at hand; later releases would replace it with gigabytes.
TORCH = "torch==2.13.0"
RUNTIMES = {"cpu": "onnxruntime", "gpu": "onnxruntime-gpu"}
DISK_MB = {"serve": 700, "train": 3_000, "gpu": 8_000}


def main(extras: list[str]) -> int:
    """Install the project with some of its extras; return the exit status."""
    wanted = set(extras)
    digest = dependencies_digest()
    present = installed(digest)
    if wanted <= present:
        return 0
    try:
        check_disk(wanted)
        make_venv()
        install(wanted)
    except (RuntimeError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    kept = present - RUNTIMES.keys() if wanted & RUNTIMES.keys() else present
    STAMP.write_text(json.dumps({"digest": digest, "extras": sorted(wanted | kept)}))
    return 0


def dependencies_digest() -> str:
    """Return a digest of what decides the installation: the project's metadata, not its tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    relevant = [sys.version_info[:2], project["project"], project["build-system"]]
    return hashlib.sha256(json.dumps(relevant).encode()).hexdigest()


def installed(digest: str) -> set[str]:
    """Return the extras that earlier runs installed from the same metadata."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    return set(stamp["extras"]) if PYTHON.exists() and stamp["digest"] == digest else set()


def check_disk(wanted: set[str]) -> None:
    """Refuse early what would end half-way."""
    needed = max(DISK_MB[name] for name in {"serve", *wanted} & set(DISK_MB))
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < needed:
        raise RuntimeError(
            f"Only {free} MB are free here and about {needed} MB are needed. Make room, then retry."
        )


def make_venv() -> None:
    """Make the virtual environment, anew if its Python has gone."""
    if PYTHON.exists() and run([PYTHON, "-m", "pip", "--version"]) == 0:
        return
    print(f"Making {VENV.name} with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise RuntimeError(
            "Python cannot make a virtual environment. On Debian and Ubuntu: "
            "apt install python3-venv. Python said: " + made.stdout[-500:] + made.stderr[-500:]
        )


def install(wanted: set[str]) -> None:
    """Let pip do its work, with torch first and never two runtimes together."""
    other = [RUNTIMES[extra] for extra in RUNTIMES.keys() - wanted if wanted & RUNTIMES.keys()]
    if other:
        run([PYTHON, "-m", "pip", "uninstall", "--yes", *other])
    if "train" in wanted:
        pip_install("Installing torch", [TORCH])
    target = f"{ROOT}[{','.join(sorted(wanted))}]"
    pip_install(f"Installing Penstock ({', '.join(sorted(wanted))})", ["--editable", target])


def pip_install(title: str, arguments: Iterable[str]) -> None:
    """Run `pip install`, counting packages while it works."""
    start, count = time.monotonic(), 0
    options = ["--disable-pip-version-check", "--no-input"]
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            [PYTHON, "-m", "pip", "install", *options, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as pip,
    ):
        print(f"{title} …", end="" if sys.stdout.isatty() else "\n", flush=True)
        for line in pip.stdout or ():
            log.write(line)
            count += line.startswith("Collecting")
            if sys.stdout.isatty():
                elapsed = time.monotonic() - start
                print(f"\r{title} … {count} packages, {elapsed:.0f} s ", end="", flush=True)
    start_of_line = "\r" if sys.stdout.isatty() else ""
    print(f"{start_of_line}{title}: {count} packages, {time.monotonic() - start:.0f} s")
    if pip.returncode:
        last = "\n".join(LOG.read_text(encoding="utf-8").splitlines()[-12:])
        raise RuntimeError(f"pip could not install it. Its last words (all in {LOG}):\n\n{last}")


def run(command: list[Path | str]) -> int:
    """Run a command silently; return its exit status."""
    return subprocess.run(command, capture_output=True).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
