"""OpenAI's own Node client against a running server; `node/client.mjs` holds the checks."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.interop.conftest import Endpoint
from tests.interop.installing import HERE, node_modules

TIMEOUT_S = 120


@pytest.mark.skipif(not shutil.which("npm"), reason="There is no Node: apt-get install nodejs npm")
def test_the_node_client(endpoint: Endpoint) -> None:
    modules = node_modules()
    path = os.environ["PATH"]  # noqa: TID251  where node is
    done = subprocess.run(
        ["node", str(HERE / "node" / "client.mjs"), endpoint.url, endpoint.key, endpoint.reviewer],
        env={"PATH": path, "CLIENT_MODULES": f"{modules}/package.json"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "16 checks held\n"
