"""READMEs of installed packages that may be learnt from, block by block."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.corpus import readmes


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def install(folder: Path, name: str, said: str, readme: str) -> None:
    place = folder / f"{name}-1.dist-info"
    place.mkdir()
    head = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\n{said}\n"
    (place / "METADATA").write_text(f"{head}\n{readme}", encoding="utf-8")


def test_blocks_of_permissive_packages_are_read_once(installed: Path) -> None:
    block = "- Gates hold water.\n- Pipes carry it to the turbine."
    install(installed, "mit", "License-Expression: MIT", f"# Title\n\n{block}\n\n{'long' * 200}")
    install(installed, "other", "Classifier: License :: OSI Approved :: BSD License", block)

    assert readmes.blocks() == [("mit", block)]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a", "License: GNU LGPL"),
        ("b", "License-Expression: MPL-2.0 AND MIT"),
        ("c", "Summary: no licence"),
        ("penstock", "License-Expression: Apache-2.0"),
        ("penstock-emoji", "License-Expression: Apache-2.0"),
    ],
)
def test_others_are_left_alone(installed: Path, name: str, said: str) -> None:
    install(installed, name, said, "A paragraph that is long enough to be learnt from.")

    assert readmes.blocks() == []
