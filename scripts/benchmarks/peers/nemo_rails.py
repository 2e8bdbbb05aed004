"""NeMo Guardrails: regex rails on its fast engine, and on its engine for streams.

Its classifier rail runs checkpoints by torch only, and no ONNX folder.
"""

from __future__ import annotations

import json
from typing import Any

from scripts.benchmarks.peers.guard_child import in_pieces, serve

BLOCKED = '"code": "content_blocked"'


class _Counted:
    """A compiled pattern that counts what it is given."""

    def __init__(self, pattern: Any) -> None:
        self._pattern = pattern
        self.characters = 0

    def search(self, text: str) -> Any:
        self.characters += len(text)
        return self._pattern.search(text)


class Rails:
    """Each word and each pattern is a pattern of the regex rail."""

    cases = ("rules", "stream")

    def __init__(self, rules: dict[str, Any]) -> None:
        from nemoguardrails import LLMRails, RailsConfig
        from nemoguardrails.guardrails.iorails import IORails
        from nemoguardrails.rails.llm.options import RailType

        patterns = [rf"(?i)\b{word}\b" for word in rules["words"]] + rules["patterns"]
        detected = {"patterns": patterns}
        whole = {
            "config": {"regex_detection": {"input": detected}},
            "input": {"flows": ["regex check input"]},
        }
        streamed = {
            "config": {"regex_detection": {"output": detected}},
            "output": {
                "flows": ["regex check output"],
                "streaming": {"enabled": True, "stream_first": False},
            },
        }

        def config(rails: dict[str, Any]) -> Any:
            return RailsConfig.from_content(
                yaml_content=json.dumps({"models": [], "rails": rails})  # JSON is YAML, too
            )

        whole_config, streamed_config = config(whole), config(streamed)
        self._of_input = whole_config.rails.config.regex_detection.input.compiled_patterns
        self._of_output = streamed_config.rails.config.regex_detection.output.compiled_patterns
        self._rails, self._kind = IORails(whole_config), RailType.INPUT
        self._streaming = LLMRails(streamed_config)

    async def judge(self, case: str, text: str) -> bool:
        """See Guard."""
        if case == "stream":
            return await self._stream(text)
        messages = [{"role": "user", "content": text}]
        result = await self._rails.check_async(messages, [self._kind])
        return bool(result.status.value == "passed")

    async def scanned(self, case: str, text: str) -> int:
        """See Guard."""
        patterns = self._of_output if case == "stream" else self._of_input
        first = patterns[0]
        counted = patterns[0] = _Counted(first)
        await self.judge(case, text)
        patterns[0] = first
        return counted.characters

    async def _stream(self, text: str) -> bool:
        messages = [{"role": "user", "content": "Go on."}]
        pieces = in_pieces(text, 4)
        released = self._streaming.stream_async(messages=messages, generator=pieces)
        return not any([BLOCKED in piece async for piece in released])


if __name__ == "__main__":
    serve(Rails)
