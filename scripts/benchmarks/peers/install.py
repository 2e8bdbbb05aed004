"""Installing the peers where they disturb nobody: `scripts/bench peers install`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

VENV = Path(".venv-peers")
LLM_GUARD_VENV = Path(".venv-llm-guard")
NEMO_VENV = Path(".venv-nemoguardrails")
# The CPU build where one is at hand, before anything asks for another one.
TORCH = "torch==2.13.0"
PACKAGES = (
    "transformers==5.23.0",
    "accelerate>=1",
    "onnxruntime-genai==0.18.0",
    "onnx>=1.23",
    "onnx-ir>=1.1",
    "gguf>=0.19",
)
LLM_GUARD = "llm-guard[onnxruntime]==0.3.16"
"""It pins a version of transformers, so it lives alone."""
NEMO = "nemoguardrails==0.24.1"
LLAMA_CPP = "llama-cpp-python==0.3.36"
BUILD = "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_CURL=OFF"
"""For this processor: published builds leave out what newer ones can do."""
WITHOUT_AMX = "".join(
    f" -DCMAKE_{language}_FLAGS='-mno-amx-tile -mno-amx-int8 -mno-amx-bf16'"
    for language in ("C", "CXX")
)


class NotInstalled(Exception):
    """pip failed; the message holds its last words."""


def install(*, llama_cpp: bool, without_amx: bool = False) -> None:
    """Make `.venv-peers`, or bring it up to date.

    Args:
        llama_cpp: build llama.cpp too, which takes eight to forty minutes on two cores.
        without_amx: leave these instructions out of it: in some virtual machines it crashes on them.

    Raises:
        NotInstalled: pip failed.
    """
    console = Console()
    _make(VENV)
    with console.status("torch"):
        _pip(VENV, TORCH)
    with console.status("transformers and onnxruntime-genai"):
        _pip(VENV, *PACKAGES)
    if llama_cpp:
        with console.status("building llama.cpp"):
            _pip(VENV, LLAMA_CPP, cmake=BUILD + WITHOUT_AMX * without_amx)
    console.print(f"the peers are in {VENV}")
    if not llama_cpp:
        console.print("llama.cpp is built from source, and only with --llama-cpp")


def install_guards() -> None:
    """Make an environment for each guard, or bring it up to date.

    Raises:
        NotInstalled: pip failed.
    """
    console = Console()
    for venv, packages in ((LLM_GUARD_VENV, (TORCH, LLM_GUARD)), (NEMO_VENV, (NEMO,))):
        _make(venv)
        for package in packages:  # torch first, so that nothing asks for another build of it
            with console.status(package):
                _pip(venv, package)
        console.print(f"{packages[-1]} is in {venv}")


def _make(venv: Path) -> None:
    if not (venv / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)


def _pip(venv: Path, *packages: str, cmake: str = "") -> None:
    command = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        *packages,
    ]
    environment = dict(os.environ)  # noqa: TID251  pip's and CMake's own settings
    if cmake:
        environment["CMAKE_ARGS"] = cmake
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise NotInstalled(f"pip could not install {', '.join(packages)}:\n{done.stderr[-2_000:]}")
