"""Chat templates as they are published."""

from __future__ import annotations

import datetime as dt

import pytest

from app.engine import ChatMessage, Prompt
from app.engine.generation.template import PromptTemplate

PROMPT = Prompt((ChatMessage("user", 'a "<b>" é'), ChatMessage("assistant", "Yes.")))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for m in messages %}{% if m.tool_calls %}t{% endif %}{{ m.role }} {% endfor %}", "user assistant "),
        ("{% for m in messages %}{{ m.role }}{% break %}{% endfor %}", "user"),
        ("{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% endfor %}", "assistant"),
        ("{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %},{% endfor %}", "user,assistant,"),
        ("{{ messages[0].content | tojson }}", '"a \\"<b>\\" é"'),
        ("{{ [1] | tojson(indent=1) }}", "[\n 1\n]"),
        ("{% if tools %}{{ tools }}{% else %}none{% endif %}{{ custom }}", "none"),
        ("{{ '%s-%02d' | format('a', 7) }}{{ '%s' % 'b' }}{{ 'a\\nb' | indent(2) }}", "a-07ba\n  b"),
        ("{{ 'a' ~ 1 ~ ['b'][0] }}{{ 2 * 3 }}{{ 'ab' * 2 }}{{ [1] + [2] }}\n", "a1b6abab[1, 2]"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
    ],
)  # fmt: skip
def test_what_published_templates_use(source: str, text: str) -> None:
    assert PromptTemplate(source).render(PROMPT) == text


def test_a_template_may_tell_the_date() -> None:
    years = {str(dt.datetime.now().astimezone().year + more) for more in (0, 1)}

    assert PromptTemplate("{{ strftime_now('%Y') }}").render(PROMPT) in years
