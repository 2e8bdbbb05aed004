"""A server that only checks, and LiteLLM's proxy between it and a server that answers."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.first_answer import free_port
from tests.integration.serving import Serving
from tests.interop.installing import python_with

SETTINGS = """
model = "recital"

[[chain]]
id = "names"
filter = "keyword"
stage = "input"
action = "rewrite"
options = { words = ["zebedee"], label = "name" }

[[chain]]
id = "blocklist"
filter = "keyword"
stage = "input"
action = "block"
options = { words = ["bomb"] }

[[chain]]
id = "numbers"
filter = "keyword"
stage = "output"
action = "rewrite"
options = { words = ["three"], label = "number" }

[[chain]]
id = "manners"
filter = "keyword"
stage = "output"
action = "block"
options = { words = ["line 9"] }
"""
GUARDRAIL: dict[str, Any] = {
    "guardrail": "generic_guardrail_api",
    "mode": ["pre_call", "post_call"],
    "default_on": True,
    "streaming_buffer_until_moderated": True,
    "streaming_transform_mode": "incremental_diff",
}
"""What docs/api.md says, but for the address and the key."""
MASTER_KEY = "sk-6f1d2c3b4a5968778695a4b3c2d1e0ff6f1d2c3b4a596877"
START_S = 300.0
"""It imports much; on a busy machine that takes its time."""


def prepare_proxy(folder: Path, guard: Serving, url: str, key: str) -> Path:
    """Write the proxy's settings, as docs/api.md has them."""
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{name}",
                "api_base": url,
                "api_key": key,
            },
        }
        for name in ("recital", "poem", "noise")
    ]
    guardrail = {**GUARDRAIL, "api_base": guard.address, "api_key": guard.key}
    settings: dict[str, Any] = {
        "model_list": models,
        "guardrails": [{"guardrail_name": "penstock", "litellm_params": guardrail}],
        "general_settings": {"master_key": MASTER_KEY},
    }
    written = folder / "litellm.yaml"
    written.write_text(json.dumps(settings), encoding="utf-8")  # all JSON is YAML
    return written


@contextmanager
def proxying(folder: Path, guard: Serving, url: str, key: str) -> Generator[str]:
    """Run LiteLLM's proxy until the end of the block, and yield its address.

    Args:
        folder: for its settings and its log.
        guard: the server that checks.
        url: of the server that answers, as OpenAI's clients have it.
        key: of that server.
    """
    settings, port = prepare_proxy(folder, guard, url, key), free_port()
    command = [python_with("litellm").with_name("litellm"), "--config", settings]
    log = folder / "litellm.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            [*map(str, command), "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={"HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait(process: psutil.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _is_alive(address):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.1)


def _is_alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/liveliness").is_success
    except httpx.TransportError:
        return False
