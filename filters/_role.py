"""Who speaks in a text that a filter judges."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Who speaks in a text."""

    SYSTEM = "system"
    """The operator, in a system message."""
    DEVELOPER = "developer"
    """The operator, in a developer message."""
    USER = "user"
    ASSISTANT = "assistant"
    """The model: an earlier message of the prompt, or the completion."""
    TOOL = "tool"
    """What a tool or function returned."""
    PASSAGE = "passage"
    """A source: a passage that was sent along or found."""

    @property
    def instructs(self) -> bool:
        """Whether the text is the operator's, who may tell the model what to do."""
        return self in {Role.SYSTEM, Role.DEVELOPER}
