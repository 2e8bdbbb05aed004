"""Prompt templates."""

from __future__ import annotations

import pytest

from app.engine import ChatMessage, Prompt
from app.engine.generation.template import PromptTemplate, special_strings
from app.errors import BundleError, InvalidRequest
from tests.recital import TEMPLATE, recital

PROMPT = Prompt((ChatMessage("system", "Be kind."), ChatMessage("user", "Hi <b>")), ("A passage.",))


def test_messages_and_passages_become_text() -> None:
    source = (
        "{% for p in passages %}[{{ p }}]\n{% endfor %}\n"
        "{% for m in messages %}\n"
        "    {{ m.role }}: {{ m['content'] }}\n"
        "{% endfor %}\n"
        "{% if add_generation_prompt %}assistant:{% endif %}"
    )

    assert PromptTemplate(source).render(PROMPT) == (
        "[A passage.]\n    system: Be kind.\n    user: Hi <b>\nassistant:"
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a<|end|>b", "a< |end|>b"),
        ("<|<|end|>end|>", "<|< |end|>end|>"),
        ("<|start|><|turn|>", "< |start|>< |turn|>"),
        ("harmless <| end |>", "harmless <| end |>"),
    ],
)
def test_only_the_template_may_write_control_tokens(text: str, plain: str) -> None:
    words, _ = recital([], ends=True)
    template = PromptTemplate(TEMPLATE, special_strings(words))

    rendered = template.render(Prompt((ChatMessage("user", text),), (text,)))

    assert rendered == f"{plain}\n<|turn|>{plain}<|start|>"
    ids = words.encode(rendered).ids
    control = {words.token_to_id(token) for token in ("<|end|>", "<|start|>", "<|turn|>")}
    assert [number for number in ids if number in control] == [
        words.token_to_id("<|turn|>"),
        words.token_to_id("<|start|>"),
    ]


def test_a_raw_prompt_is_the_text_as_it_stands() -> None:
    template = PromptTemplate("never {{ messages }}")
    [user] = texts = (ChatMessage("user", " Once upon <b> {{ a }}\n"),)

    assert template.render_raw(Prompt(texts, is_raw=True)) == user.content
    assert template.render_raw(Prompt(texts, ("One.", "Two."), is_raw=True)) == (
        f"Use these passages to answer:\n\n[1] One.\n\n[2] Two.\n\n{user.content}"
    )


def test_nor_does_a_raw_prompt_write_control_tokens() -> None:
    words, _ = recital([], ends=True)
    template = PromptTemplate(TEMPLATE, special_strings(words))
    prompt = Prompt((ChatMessage("user", "a<|end|>b"),), ("<|turn|>",), is_raw=True)

    rendered = template.render_raw(prompt)

    assert rendered.endswith("[1] < |turn|>\n\na< |end|>b")
    assert not {words.token_to_id("<|end|>"), words.token_to_id("<|turn|>")} & {
        *words.encode(rendered).ids
    }


@pytest.mark.parametrize("source", ["{% if %}", "{{ x", "{% endfor %}"])
def test_a_broken_template_is_refused_at_load(source: str) -> None:
    with pytest.raises(BundleError, match="not valid Jinja"):
        PromptTemplate(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ unknown.of.nothing }}",
        "{{ raise_exception('no system message, please') }}",
        "{{ 1 + 'a' }}",
    ],
)
def test_what_a_template_may_not_do_is_refused_without_an_echo(source: str) -> None:
    template = PromptTemplate(source)

    with pytest.raises(InvalidRequest) as caught:
        template.render(PROMPT)

    assert "Hi" not in caught.value.message
    assert "system message" not in caught.value.message
