"""The page that tries the chain on a text. Nothing of it is kept, and no model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from app.errors import InvalidRequest, PassagesTooLong, PromptTooLong
from app.review.rendering import PageRoute, is_part, page
from app.review.sessions import HOME, Reviewer
from app.review.trial_view import trial_view
from app.routes.service import Served
from app.settings import LimitSettings
from app.store.keys import ApiKey
from app.trial import Tried, try_chain
from filters import Passage, Stage

BETWEEN_PASSAGES = "---"
MOST_FIELDS = 8

router = APIRouter(prefix=f"{HOME}/try", route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Form:
    """What the page's fields hold."""

    stage: str = "input"
    text: str = ""
    question: str = ""
    passages: str = ""
    instructions: str = ""

    @classmethod
    def of(cls, fields: FormData) -> Self:
        """Read what a browser sent; line ends become those of the text that was typed."""
        given = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
        texts = {name: value for name, value in given.items() if isinstance(value, str)}
        return cls(**{name: value.replace("\r\n", "\n") for name, value in texts.items()})

    def tried(self, limits: LimitSettings) -> Tried:
        """Return what is to be tried.

        Raises:
            InvalidRequest: there is no text, or no such stage.
            PromptTooLong: text, question and instructions are longer than a prompt may be.
            PassagesTooLong: the passages are more or longer than a client may send.
        """
        if self.stage not in set(Stage):
            raise InvalidRequest("This is none of the stages.", param="stage")
        if not self.text.strip():
            raise InvalidRequest("Write a text to try.", param="text")
        if len(self.text) + len(self.question) + len(self.instructions) > limits.prompt_chars:
            raise PromptTooLong(f"A text may have {limits.prompt_chars:,} characters.")
        passages = self._passages()
        if len(passages) > limits.passages or len(self.passages) > limits.passages_chars:
            raise PassagesTooLong(
                f"There may be {limits.passages} passages with {limits.passages_chars:,} "
                "characters together."
            )
        instructions = (self.instructions,) if self.instructions.strip() else ()
        return Tried(Stage(self.stage), self.text, self.question, passages, instructions)

    def _passages(self) -> tuple[Passage, ...]:
        parts: list[list[str]] = [[]]
        for line in self.passages.split("\n"):
            if line.strip() == BETWEEN_PASSAGES:
                parts.append([])
            else:
                parts[-1].append(line)
        texts = ["\n".join(lines).strip() for lines in parts]
        return tuple(
            Passage(str(number), text, f"passage {number}")
            for number, text in enumerate(filter(None, texts), 1)
        )


@router.get("")
async def empty(reviewer: Reviewer) -> Response:
    """Show the form."""
    return _page("try.html", reviewer, Form())


@router.post("")
async def tried(reviewer: Reviewer, request: Request, service: Served) -> Response:
    """Try the chain, and show what came of it below the form or in its place."""
    # Read here and not by FastAPI: before the caller is known, only a small body is let in.
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as fields:
        form = Form.of(fields)
    template = "trial.html" if is_part(request.headers) else "try.html"
    limits = service.settings.limits
    try:
        asked = form.tried(limits)
    except InvalidRequest as error:
        return _page(template, reviewer, form, problem=error.message, status=error.status)
    trial = await try_chain(service.pipeline.chain, asked, limits.request_s)
    return _page(template, reviewer, form, **trial_view(trial))


def _page(
    template: str, reviewer: ApiKey, form: Form, *, status: int = 200, **values: object
) -> Response:
    shown = {"problem": None, "trial": None, **values}
    stages = [stage.value for stage in Stage]
    return page(template, status, key=reviewer, form=form, stages=stages, **shown)
