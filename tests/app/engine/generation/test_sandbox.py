"""Templates that take too much."""

from __future__ import annotations

import pytest

from app.engine.generation import sandbox
from app.engine.generation.dialect import environment
from app.engine.generation.sandbox import TooCostly, render


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ a.real }}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% for i in range(9) %}{{ m(n + 1) }}{% endfor %}{% endmacro %}{{ m(0) }}",
    ],
)
def test_endless_loops_end(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "DEADLINE_S", 0.05)

    with pytest.raises((TooCostly, RecursionError)):
        render(environment().from_string(source))


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * 'a' }}",
        "{{ [1] * (5000 * 5000) }}",
        "{{ 9**9**9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'a' | indent(999999999, true) }}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x.replace('a', 'aaaaaaaaaa') %}{% endfor %}",
        "{% for a in range(9999) %}{{ 'a' * 9999 }}{% endfor %}",
    ],
)
def test_texts_without_end_end(source: str) -> None:
    with pytest.raises(TooCostly):
        render(environment().from_string(source))


@pytest.mark.parametrize("source", ["{{ 'a'.ljust(999999999) }}", "{{ '{:999999999}'.format(1) }}"])
def test_padding_is_out_of_reach(source: str) -> None:
    with pytest.raises(Exception, match="unsafe"):
        render(environment().from_string(source))
