"""Text generation behind its protocol."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from tokenizers import Tokenizer

from app.bundles import load_bundle
from app.engine import ChatMessage, Detokenizer, Prompt, SamplingParameters, Task
from app.engine.generation.generator import Generator
from app.engine.generation.template import USE_PASSAGES
from app.errors import BundleError, InvalidRequest, ModelFailed, PromptTooLong
from tests.bundles import reseal, write_decoder, write_embedder
from tests.encoders import CPU
from tests.engines import Open, ask, collect, text_of
from tests.normal_graphs import LAYOUT, opened, shared
from tests.recital import framed, recital

SCRIPT = (b"Gates ", b"h\xc3", b"\xa9ld ", b"\xf0\x9f", b"\x98\x80", b" water", b".")
BARE = "{{ messages[-1].content }}{% if messages[-1].content == 'begin' %}<|start|>{% endif %}"
LETTERS = (b"a", b"b", b"c", b"d")
"""A prompt's last letter is continued with the next one."""
SAID = "Gates héld 😀 water."


def limited(max_tokens: int, **more: object) -> SamplingParameters:
    return SamplingParameters(max_tokens, **more)  # type: ignore[arg-type]


async def test_pieces_come_as_they_are_written_in_whole_characters(
    tmp_path: Path, open_it: Open
) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    pieces = await collect(engine, ask("Say it.", "A passage."))

    assert [piece.text for piece in pieces] == ["Gates ", "h", "éld ", "😀", " water", ".", ""]
    assert pieces[-1].finish_reason == "stop"
    assert pieces[-1].completion_tokens == len(SCRIPT)
    assert pieces[-1].prompt_tokens == len("A passage.\nSay it.") + 2
    assert (engine.name, engine.version, engine.task) == ("writer", "1", Task.TEXT_GENERATION)
    assert engine.is_alive


@pytest.mark.parametrize(("number", "text"), [(1, "Gates "), (2, "Gates h"), (6, SAID[:-1])])
async def test_it_ends_at_the_most_tokens_asked_for(
    tmp_path: Path, open_it: Open, number: int, text: str
) -> None:
    write_decoder(tmp_path, SCRIPT)

    pieces = await collect(await open_it("writer"), ask("Go", parameters=limited(number)))

    assert text_of(pieces) == text
    assert pieces[-1].finish_reason == "length"
    assert pieces[-1].completion_tokens == number


async def test_it_ends_where_the_model_can_read_no_more(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT, ends=False)

    pieces = await collect(await open_it("writer"), ask("Go", parameters=limited(10_000)))

    assert pieces[-1].finish_reason == "length"
    assert pieces[-1].prompt_tokens + pieces[-1].completion_tokens == 64


@pytest.mark.parametrize("stop", ["ld", "d 😀 w", "water"])
async def test_a_stop_string_ends_it_before_itself(
    tmp_path: Path, open_it: Open, stop: str
) -> None:
    write_decoder(tmp_path, SCRIPT)
    parameters = SamplingParameters(stop=(stop,))

    pieces = await collect(await open_it("writer"), ask("Go", parameters=parameters))

    assert text_of(pieces) == SAID.partition(stop)[0]
    assert pieces[-1].finish_reason == "stop"


async def test_the_same_seed_writes_the_same(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path)
    engine = await open_it("writer")

    async def write(seed: int) -> str:
        parameters = SamplingParameters(max_tokens=20, temperature=2.0, top_k=50, seed=seed)
        return text_of(await collect(engine, ask("Go", parameters=parameters)))

    assert await write(1) == await write(1)
    assert await write(1) != await write(2)


async def test_requests_run_together_and_do_not_mix(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path)
    engine = await open_it("writer")
    prompts = [ask(f"Prompt {number}", parameters=limited(15)) for number in range(8)]
    alone = [text_of(await collect(engine, prompt)) for prompt in prompts]

    together = await asyncio.gather(*(collect(engine, prompt) for prompt in prompts))

    assert [text_of(pieces) for pieces in together] == alone
    assert len(set(alone)) > 1


async def test_closing_the_stream_frees_the_engine(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT, ends=False, max_tokens=100)
    engine = await open_it("writer")
    endless = engine.stream(ask("Go", parameters=limited(90)))
    async for _ in endless:
        break

    await endless.aclose()

    assert text_of(await collect(engine, ask("Go", parameters=limited(1)))) == "Gates "
    assert isinstance(engine, Generator)
    assert engine._num_requests == 0


async def test_a_prompt_that_leaves_no_room_is_refused(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    assert (await collect(engine, ask("x" * 61)))[-1].prompt_tokens == 63
    with pytest.raises(PromptTooLong, match="has 64 tokens; this model reads fewer than 64"):
        await collect(engine, ask("x" * 62))
    with pytest.raises(PromptTooLong, match="has 64 tokens"):
        await engine.check(ask("x" * 62))
    await engine.check(ask("x" * 61))


async def test_a_raw_prompt_is_continued_as_it_stands(tmp_path: Path, open_it: Open) -> None:
    folder = write_decoder(tmp_path, LETTERS)
    framed(Tokenizer.from_file(f"{folder}/tokenizer.json")).save(f"{folder}/tokenizer.json")
    reseal(folder)
    engine = await open_it("writer")

    pieces = await collect(engine, replace(ask("say a"), is_raw=True))
    with_passage = await collect(engine, replace(ask("say b", "One."), is_raw=True))

    assert text_of(pieces) == "bcd"
    assert pieces[-1].prompt_tokens == len("say a") + 1
    assert text_of(with_passage) == "cd"
    assert with_passage[-1].prompt_tokens == len(f"{USE_PASSAGES}[1] One.\n\nsay b") + 1
    assert text_of(await collect(engine, ask("say a"))) == "abcd"


async def test_a_raw_prompt_needs_no_room_for_the_template(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, LETTERS)
    engine = await open_it("writer")

    await engine.check(replace(ask("x" * 63, "A passage."), is_raw=True))
    with pytest.raises(PromptTooLong, match="has 64 tokens"):
        await engine.check(replace(ask("x" * 64), is_raw=True))


async def test_tokens_are_the_text_they_stand_for(tmp_path: Path, open_it: Open) -> None:
    folder = write_decoder(tmp_path, LETTERS)
    words = Tokenizer.from_file(f"{folder}/tokenizer.json")
    engine = await open_it("writer")
    assert isinstance(engine, Detokenizer)

    assert engine.text_of(words.encode("say é").ids) == "say é"
    with pytest.raises(PromptTooLong, match="has 64 tokens"):
        engine.text_of(words.encode("x" * 64).ids)


async def test_an_empty_prompt_is_refused(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT, prompt_template=BARE)

    with pytest.raises(InvalidRequest, match="empty"):
        await collect(await open_it("writer"), ask(""))


async def test_any_unicode_is_read(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)

    prompt = Prompt((ChatMessage("user", "\ud800 é 😀 \0"),), ("\udfff",))

    assert text_of(await collect(await open_it("writer"), prompt)) == SAID


async def test_nan_on_the_way_fails_this_request_only(tmp_path: Path, open_it: Open) -> None:
    folder = write_decoder(tmp_path, SCRIPT, prompt_template=BARE)
    model = onnx.load(folder / "model.onnx")
    table = next(t for t in model.graph.initializer if len(t.dims) == 2 and min(t.dims) > 200)
    values = onnx.numpy_helper.to_array(table).copy()
    letter, _ = recital(SCRIPT, ends=True)
    values[letter.token_to_id("x")] = np.nan  # what follows a letter that no canary reads
    table.CopyFrom(onnx.numpy_helper.from_array(values, table.name))
    onnx.save(model, folder / "model.onnx")
    reseal(folder)
    engine = await open_it("writer")

    with pytest.raises(ModelFailed) as caught:
        await collect(engine, ask("x"))

    assert caught.value.code == "model_output_invalid"
    assert engine.is_alive
    assert text_of(await collect(engine, ask("begin"))) == SAID


async def test_an_unexpected_error_fails_this_request_only(tmp_path: Path, open_it: Open) -> None:
    write_decoder(tmp_path, SCRIPT)
    engine = await open_it("writer")

    with pytest.raises(ModelFailed):
        await collect(engine, ask("Go", parameters=limited(5, temperature="hot")))

    assert engine.is_alive
    assert text_of(await collect(engine, ask("Go"))) == SAID


async def test_a_model_that_writes_otherwise_than_its_canary_is_refused(
    tmp_path: Path, open_it: Open
) -> None:
    folder = write_decoder(tmp_path, SCRIPT)
    [canary] = load_bundle(tmp_path, "writer").manifest.canaries
    reseal(folder, canaries=(canary.model_copy(update={"expected_text": "Gates fold"}),))

    with pytest.raises(BundleError, match="golden check failed: canary 0: another completion"):
        await open_it("writer")


async def test_a_canary_may_know_the_beginning_only(tmp_path: Path, open_it: Open) -> None:
    folder = write_decoder(tmp_path, SCRIPT)
    [canary] = load_bundle(tmp_path, "writer").manifest.canaries
    reseal(folder, canaries=(canary.model_copy(update={"expected_text": "Gates h"}),))

    assert (await open_it("writer")).is_alive


def test_a_bundle_for_another_task_is_refused(tmp_path: Path) -> None:
    write_embedder(tmp_path)
    bundle = load_bundle(tmp_path, "encoder")

    with pytest.raises(BundleError, match="for feature-extraction, not text-generation"):
        Generator(bundle, opened(shared()), LAYOUT, CPU)
