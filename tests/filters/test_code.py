"""The code filter finds programs with and without fences, and no prose."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from app.testing.conformance import check_filter
from filters import Finding
from filters.code import Code, CodeOptions
from tests.filters.items import found, item

ROOT = Path(__file__).parents[2]

PROGRAMS = {
    "python": """
        import re

        def area(width, height):
            # the area
            if width < 0:
                raise ValueError("negative")
            return width * height
        """,
    "javascript": """
        const gates = require("gates");
        export async function open(name) {
          console.log(`opening ${name}`);
          return gates.find((gate) => gate.name === name);
        }
        """,
    "java": """
        package gates;
        import java.util.List;
        public class Gate {
            private final int width;
            public static void main(String[] args) {
                System.out.println("open");
            }
        }
        """,
    "c": """
        #include <stdio.h>
        int main(void) {
            int width = 3;
            printf("%d", width);
            return 0;
        }
        """,
    "go": """
        package main
        func main() {
            gate := open("north")
            fmt.Println(gate)
        }
        """,
    "rust": """
        use std::io::Read;
        pub fn open(name: &str) -> Gate {
            let mut gate = Gate::new();
            println!("{}", name);
            gate
        }
        """,
    "sql": """
        SELECT gate, width
        FROM gates
        WHERE width > 3
        ORDER BY width;
        """,
    "bash": """
        #!/bin/sh
        export NAME=gate
        if [ -f gate ]; then
          echo "$NAME"
        fi
        git clone gates
        """,
    "html": """
        <!DOCTYPE html>
        <div class="gate">
          <p id="a">
        </div>
        """,
}


def code(**options: Any) -> Code:
    return Code(CodeOptions.model_validate(options))


async def check(text: str, **options: Any) -> Finding:
    finding = await code(**options).check(item(text))
    assert finding is not None
    return finding


@pytest.mark.parametrize("language", PROGRAMS)
async def test_a_program_without_fences_is_found_in_place(language: str) -> None:
    program = dedent(PROGRAMS[language]).strip()
    text = (
        f"Of course, here is what you asked me for.\n\n{program}\n\n\nI hope that this helps you."
    )

    finding = await check(text)

    assert finding.label == language
    assert finding.score >= 0.6
    assert await found(code(), text) == [(language, program)]


@pytest.mark.parametrize("fence", ["```", "~~~~", "````"])
async def test_a_fence_is_found_whole(fence: str) -> None:
    block = f"{fence}py\nprint(1)\n```x\n{fence}"
    finding = await check(f"Look:\n{block}\nDone.")

    assert (finding.score, finding.label) == (1.0, "python")
    assert await found(code(), f"Look:\n{block}\nDone.") == [("python", block)]


async def test_a_fence_that_nothing_closes_goes_to_the_end() -> None:
    assert await found(code(), "Look:\n```sql\nSELECT 1") == [("sql", "```sql\nSELECT 1")]


async def test_a_fence_without_a_name_is_judged_by_its_looks() -> None:
    program = await check(f"```\n{dedent(PROGRAMS['python']).strip()}\n```")
    poem = await check("```\nThe water runs\nunder the gate\n```")

    assert (program.label, poem.label, poem.score) == ("python", "code", 0.6)
    assert program.score > poem.score


async def test_a_fence_with_text_is_no_code() -> None:
    assert await found(code(), "```text\nHello\n```\n```markdown\n# Hi\n```") == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "css",
            "h1 {margin: 0;}\n.big, ul li {font-size: 120%; color: #222}\n#nav a {border: none;}",
        ),
        ("c", "extern int gate_open(const char *name,\n  const struct lock *by);\n#else\n#endif"),
        ("python", "assert gate == [1, 2]\nself.check(gate.open(3.5))\npass"),
        ("code", 'gates.open("north", wide=1.5);\nmode: "wide",\nlimit: 12,\nOPEN_FIRST,'),
    ],
)
async def test_lines_of_declarations_are_code(language: str, text: str) -> None:
    finding = await check(text)

    assert finding.label == language
    assert finding.score >= 0.6


async def test_tildes_below_a_heading_are_no_fence() -> None:
    text = "Gates\n~~~~~\n\nThey hold water.\n\nKeys\n~~~~~\n\nThey open gates.\n"

    assert await found(code(), text) == []
    assert await found(code(), "Look:\n~~~~\nx = 1\n~~~~") == [("code", "~~~~\nx = 1\n~~~~")]


async def test_a_single_line_scores_less_than_a_program() -> None:
    assert (await check("import os")).score < 0.5
    assert (await check("import os", min_lines=1)).score == 0.9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear Ada,\n\nif you select a gate from the list, it opens: that is all.\n\nYours,\nEve",
        "- one\n- two\n- three\n\n1. first\n2. second",
        "eggs,\nmilk,\nbread,\nand a pound of butter",
        "Name: Ada,\nTown: York,\nTrade: keeper of gates,\nAge: unknown",
        "She is herself again,\nin case of rain too:\nexternal walls, and a typed letter;",
        "# Heading\n\nSome text (with a note), and more; then an end.\n\n## Another",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Return to the gate. While you wait, read on. For all of us, try again.",
        "E = mc is not an equation\nWhat is 3 + 4 = 7?",
        "To: Eve\nFrom: Ada\nSubject: the gate\n\nHello!",
        "你好。\n今天天气很好。\n再见。",
    ],
)
async def test_prose_is_left_alone(text: str) -> None:
    finding = await code().check(item(text))

    assert finding is None or finding.score < 0.4


@pytest.mark.parametrize("page", ["decisions/0002-segments-before-postgres.md", "glossary.md"])
async def test_pages_of_prose_are_left_alone(page: str) -> None:
    finding = await code().check(item((ROOT / "docs" / page).read_text(encoding="utf-8")))

    assert finding is None or finding.score < 0.4


@pytest.mark.parametrize("file", ["filters/code/structure.py", "app/chain/units.py"])
async def test_our_own_code_is_code(file: str) -> None:
    finding = await check((ROOT / file).read_text(encoding="utf-8"))

    assert finding.label == "python"
    assert finding.score > 0.4


async def test_languages_can_be_allowed_or_denied() -> None:
    text = "```py\nx = 1\n```\n\n```sql\nSELECT 1\n```\n\n```\nhello\n```"

    assert [label for label, _ in await found(code(allow=["python3"]), text)] == ["sql", "code"]
    assert [label for label, _ in await found(code(deny=["SQL"]), text)] == ["sql"]


async def test_fences_and_structure_can_be_switched_off() -> None:
    text = f"```py\nx = 1\n```\n\n{dedent(PROGRAMS['sql'])}"

    assert [label for label, _ in await found(code(fences=False), text)] == ["sql"]
    assert [label for label, _ in await found(code(structure=False), text)] == ["python"]


@pytest.mark.parametrize(
    "unit", ["```\n", "a = b\n", "select a from b ", "<a b ", "x(", "{\n", "\n", "if a ", "a, "]
)
async def test_texts_made_to_be_slow_are_read_in_one_pass(unit: str) -> None:
    text = unit * (60_000 // len(unit))

    finding = await code().check(item(text))

    assert finding is None or finding.ranges[-1].end <= len(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deny": ["klingon"]}, "deny: there is no language 'klingon'"),
        ({"allow": ["sql"], "deny": ["sql"]}, "one of them is enough"),
        ({"fences": False, "structure": False}, "without both nothing"),
    ],
)
def test_what_cannot_work_is_refused_at_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        code(**options)


@pytest.mark.parametrize(
    "options", [{}, {"deny": ["sql"]}, {"allow": ["py", "code"]}, {"fences": False}]
)
async def test_it_conforms(options: dict[str, Any]) -> None:
    await check_filter(
        code(**options), examples=[item(dedent(PROGRAMS["sql"])), item("```\nx\n```")]
    )
