from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing

from app.engine import ChatMessage, Prompt
from app.engine.generation.template import PromptTemplate
from app.hub.configuration import Configuration
from app.hub.prompting import prompt_template

TURNS = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Yo"), ChatMessage("user", "Q?"))
CHAT = (
    "{{ bos_token }}{% if not tools %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% endif %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def rendered(tmp_path: Path, *passages: str, **tokenizer_config: Any) -> str:
    file = tmp_path / "tokenizer_config.json"
    file.write_text(json.dumps(tokenizer_config), encoding="utf-8")
    configuration = Configuration({"tokenizer_config.json": file})
    words = Tokenizer(WordLevel({"<s>": 0, "[UNK]": 1}, "[UNK]"))
    words.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    template = PromptTemplate(prompt_template(configuration, words))
    return template.render(Prompt(TURNS, passages))


def test_special_tokens_are_known_and_passages_come_with_the_question(tmp_path: Path) -> None:
    tokens = {"bos_token": {"content": "<\uff5cé\n\"'{{|>"}, "eos_token": "</s>"}

    assert rendered(tmp_path, chat_template=CHAT, **tokens) == (
        "<\uff5cé\n\"'{{|><user>Hi</s><assistant>Yo</s><user>Q?</s><assistant>"
    )
    with_passages = rendered(tmp_path, "One.", "Two.", chat_template=CHAT, **tokens)
    assert with_passages.endswith(
        "<user>Use these passages to answer:\n\n[1] One.\n\n[2] Two.\n\nQ?</s><assistant>"
    )


def test_a_template_that_knows_passages_gets_them_itself(tmp_path: Path) -> None:
    own = "{{ passages | join('+') }}:{{ messages[-1].content }}"

    assert rendered(tmp_path, "One.", "Two.", chat_template=own) == "One.+Two.:Q?"


@pytest.mark.parametrize("template", [None, [{"name": "tool_use", "template": "x"}]])
def test_a_model_without_a_template_reads_the_texts_as_they_are(
    tmp_path: Path, template: Any
) -> None:
    assert rendered(tmp_path, chat_template=template) == "<s>Hi\n\nYo\n\nQ?"


def test_of_several_templates_the_default_is_taken(tmp_path: Path) -> None:
    named = [{"name": "rag", "template": "x"}, {"name": "default", "template": "y"}]

    assert rendered(tmp_path, chat_template=named) == "y"
