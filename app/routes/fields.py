"""What requests and answers are made of: strict bodies, and texts with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

WORD_CHARS = 256


@dataclass(frozen=True)
class Chars:
    """How many characters a text may have.

    Pydantic's own bounds refuse lone surrogates, which JSON may hold.
    """

    least: int
    most: int

    def check(self, text: str) -> str:
        """Return the text if it fits."""
        if not self.least <= len(text) <= self.most:
            raise ValueError(f"This must have {self.least} to {self.most} characters")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check the length after it is known to be a string."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell the bounds to the reader of the schema."""
        return {**handler(schema), "minLength": self.least, "maxLength": self.most}


Word = Annotated[str, Chars(1, WORD_CHARS)]
Title = Annotated[str, Chars(0, WORD_CHARS)]


class Body(BaseModel):
    """Base of everything in a request: no coercion, no unknown field."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Answer(BaseModel):
    """Base of everything in an answer."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)
