"""Which provider a session is asked for, and how."""

from __future__ import annotations

from typing import Any

import pytest

from app.runtime.cuda_graphs import SETTING
from app.runtime.graph import CUDA
from app.runtime.opening import CPU, _providers
from app.settings.model import RuntimeSettings


class Build:
    """An ONNX Runtime with some providers."""

    def __init__(self, *providers: str) -> None:
        self._providers = list(providers)

    def get_available_providers(self) -> list[str]:
        return self._providers

    def preload_dlls(self) -> None:
        """There are none."""


AUTO, ONLY_CPU = RuntimeSettings(), RuntimeSettings(provider="cpu")


@pytest.mark.parametrize(("build", "settings"), [(Build(CPU), AUTO), (Build(CUDA, CPU), ONLY_CPU)])
def test_a_cpu_where_there_is_no_other_or_no_other_is_wanted(
    build: Any, settings: RuntimeSettings
) -> None:
    assert _providers(build, settings, wants_cuda_graphs=True) == [CPU]


@pytest.mark.parametrize("wants", [True, False])
def test_cuda_graphs_only_where_they_are_wanted(*, wants: bool) -> None:
    (name, options), cpu = _providers(Build(CUDA, CPU), AUTO, wants_cuda_graphs=wants)

    assert (name, cpu) == (CUDA, CPU)
    assert (options.get(SETTING) == "1") is wants
