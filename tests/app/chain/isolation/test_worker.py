"""A filter's process is light: it holds the contract and nothing of the server."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"onnxruntime", "torch", "sqlalchemy", "fastapi", "structlog", "tokenizers", "httpx"}


def test_it_imports_nothing_of_the_server() -> None:
    program = "import json, sys, app.chain.isolation.worker; print(json.dumps(list(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    modules = set(json.loads(shown.stdout))

    ours = {name for name in modules if name.partition(".")[0] == "app"}
    assert ours == {
        "app",
        "app.chain",
        "app.chain.isolation",
        "app.chain.isolation.frames",
        "app.chain.isolation.worker",
    }
    assert not modules & HEAVY
