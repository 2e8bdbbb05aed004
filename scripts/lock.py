"""Resolve the image's dependencies anew, with a hash for every file.

    make lock

Reads pyproject.toml, writes requirements/{build,cpu,gpu}.txt. Only metadata is downloaded.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
HEADER = "# Written by `make lock`; the image installs exactly this.\n"
OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--upgrade",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def main() -> int:
    """Write all lists; return the exit status."""
    FOLDER.mkdir(exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join(project["build-system"]["requires"])
    ok = resolve("build", ["-"], build)
    for extra in ("cpu", "gpu"):
        ok &= resolve(extra, ["pyproject.toml", f"--extra={extra}", "--extra=embedded"])
    return 0 if ok else 1


def resolve(name: str, sources: list[str], standard_input: str = "") -> bool:
    """Write one list; tell whether it could be resolved."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, *sources]
    resolved = subprocess.run(
        command, cwd=ROOT, input=standard_input, capture_output=True, text=True
    )
    if resolved.returncode:
        print(f"{name}: {resolved.stderr.strip()}", file=sys.stderr)
        return False
    file = FOLDER / f"{name}.txt"
    file.write_text(HEADER + resolved.stdout, encoding="utf-8")
    print(f"{file.relative_to(ROOT)}: {resolved.stdout.count('==')} packages")
    return True


if __name__ == "__main__":
    sys.exit(main())
