"""llm-guard: its scanners, called as its own API calls them: on threads of an executor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scripts.benchmarks.peers.guard_child import in_pieces, serve

THREADS = 16
UNGUARDED_CHARS = 30
"""Its example for streams judges nothing before so many."""


class Scanners:
    """BanSubstrings and Regex for the rules, Toxicity for the classifier."""

    cases = ("rules", "stream", "classifier")

    def __init__(self, rules: dict[str, Any]) -> None:
        from llm_guard import scan_output, scan_prompt
        from llm_guard.input_scanners import BanSubstrings, Regex, Toxicity
        from llm_guard.model import Model
        from llm_guard.output_scanners import BanSubstrings as BanInOutput
        from llm_guard.output_scanners import Regex as RegexInOutput
        from llm_guard.util import configure_logger

        configure_logger("ERROR")
        words, patterns = rules["words"], rules["patterns"]
        self._pool = ThreadPoolExecutor(THREADS)
        self._scan_prompt, self._scan_output = scan_prompt, scan_output
        self._rules = [
            BanSubstrings(words, match_type="word"),
            Regex(patterns, redact=False),
        ]
        self._output_rules = [
            BanInOutput(words, match_type="word"),
            RegexInOutput(patterns, redact=False),
        ]
        model = Model(
            path=rules["classifier"],
            onnx_path=rules["classifier"],
            pipeline_kwargs={
                "top_k": None,
                "function_to_apply": "sigmoid",
                "return_token_type_ids": False,
                "max_length": rules["max_tokens"],
                "truncation": True,
            },
        )
        self._classifier = [Toxicity(model=model, use_onnx=True)]
        self._scanned = 0

    async def judge(self, case: str, text: str) -> bool:
        """See Guard."""
        if case == "stream":
            return await self._stream(text)
        scanners = self._classifier if case == "classifier" else self._rules
        self._scanned += len(text)
        _, valid, _ = await self._off(self._scan_prompt, scanners, text)
        return all(valid.values())

    async def scanned(self, case: str, text: str) -> int:
        """See Guard."""
        before = self._scanned
        await self.judge(case, text)
        return self._scanned - before

    async def _stream(self, text: str) -> bool:
        so_far = ""
        async for piece in in_pieces(text, 4):
            so_far += piece
            if len(so_far) <= UNGUARDED_CHARS:
                continue
            self._scanned += len(so_far)
            _, valid, _ = await self._off(self._scan_output, self._output_rules, "", so_far)
            if not all(valid.values()):
                return False
        return True

    async def _off(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


if __name__ == "__main__":
    serve(Scanners)
