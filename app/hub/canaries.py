"""Canaries of a foreign model: what it says now is what it must say at every load."""

from __future__ import annotations

from contextlib import aclosing

from app.bundles import Bundle
from app.bundles.manifest import Canary, Model, TextClassification, TokenClassification
from app.encoder import open_classifier, open_token_classifier
from app.engine import ChatMessage, Engine, Prompt, SamplingParameters
from app.engine.opening import open_engine
from app.errors import BundleError, PenstockError, StartupError
from app.settings import RuntimeSettings

QUESTIONS = ("What is the capital of France?", "Count from one to five.")
TEXTS = ("This is wonderful, thank you.", "The parcel came late and broken.")
NAMING = ("My name is Anna Smith and I live in Paris.", "The parcel came late and broken.")
TOKENS = 8
"""Greedy tokens of a canary: enough to notice a wrong cache, few enough for other hardware."""
SURE = 0.5
"""How far, as a logarithm of probability, a token must be ahead to be held against the model."""
CLOCK = "strftime_now"
"""A template that calls this tells the model which day it is."""
TOLERANCE = 0.05
"""Of a score: quantised graphs compute a little differently on another processor."""


def unknown(model: Model) -> tuple[Canary, ...]:
    """Return a canary that any model of this kind passes, to open it for the first time."""
    if isinstance(model, TextClassification | TokenClassification):
        return (Canary(text=TEXTS[0], expected=(0.0,), tolerance=1.0),)
    return (Canary(text=QUESTIONS[0], expected_text=""),)


async def made(bundle: Bundle, settings: RuntimeSettings) -> tuple[Canary, ...]:
    """Run the model, and write down what it says.

    Raises:
        BundleError: it cannot be opened, or fails on a plain text.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    if isinstance(bundle.manifest.model, TextClassification):
        return await _of_classifier(bundle, settings)
    if isinstance(bundle.manifest.model, TokenClassification):
        return await _of_token_classifier(bundle, settings)
    if CLOCK in bundle.manifest.model.model_dump().get("prompt_template", ""):
        return bundle.manifest.canaries  # tomorrow it may say something else
    try:
        engine = await open_engine(bundle, settings, None)
        try:
            return tuple([await _of_generator(engine, question) for question in QUESTIONS])
        finally:
            await engine.close()
    except StartupError:
        raise
    except PenstockError as error:
        raise BundleError(f"The model failed on a plain question: {error.message}") from error


async def _of_classifier(bundle: Bundle, settings: RuntimeSettings) -> tuple[Canary, ...]:
    classifier = open_classifier(bundle, settings)
    try:
        rows = [(await classifier.scores([text]))[0] for text in TEXTS]
    finally:
        await classifier.close()
    return tuple(
        Canary(text=text, expected=tuple(map(float, row[:8])), tolerance=TOLERANCE)
        for text, row in zip(TEXTS, rows, strict=True)
    )


async def _of_token_classifier(bundle: Bundle, settings: RuntimeSettings) -> tuple[Canary, ...]:
    classifier = open_token_classifier(bundle, settings)
    try:
        found = await classifier.tokens(NAMING)
    finally:
        await classifier.close()
    highest = [one.scores.max(axis=0, initial=0.0) for one in found]
    return tuple(
        Canary(text=text, expected=tuple(map(float, row[:8])), tolerance=TOLERANCE)
        for text, row in zip(NAMING, highest, strict=True)
    )


async def _of_generator(engine: Engine, question: str) -> Canary:
    parameters = SamplingParameters(max_tokens=TOKENS, logprobs=2)
    prompt = Prompt((ChatMessage("user", question),), parameters=parameters)
    said, sure, is_sure = "", b"", True
    async with aclosing(engine.stream(prompt)) as deltas:
        async for delta in deltas:
            said += delta.text
            for token in delta.logprobs:
                ahead = token.logprob - max(
                    (other.logprob for other in token.top if other.token != token.token),
                    default=-1e9,
                )
                is_sure = is_sure and ahead >= SURE
                sure += token.utf8 if is_sure else b""
    kept = sure.decode("utf-8", "ignore")
    return Canary(text=question, expected_text=said[: len(kept)] if said.startswith(kept) else "")


async def check(bundle: Bundle, settings: RuntimeSettings) -> None:
    """Open a bundle as the server does, canaries included, and close it again.

    Raises:
        BundleError: it does not say the same twice.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """
    if isinstance(bundle.manifest.model, TextClassification):
        await open_classifier(bundle, settings).close()
    elif isinstance(bundle.manifest.model, TokenClassification):
        await open_token_classifier(bundle, settings).close()
    else:
        await (await open_engine(bundle, settings, None)).close()
