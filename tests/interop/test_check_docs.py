"""What docs/api.md shows of checks works, word for word, and its tables say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from app.routes.checks.moderations import CATEGORIES, LABELS
from app.routes.checks.scanners import SCANNERS
from filters import Stage
from tests.integration.serving import ROOT
from tests.interop.conftest import Endpoint, Guard
from tests.interop.guarding import GUARDRAIL
from tests.interop.test_docs import run

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Checks without a model")[2].partition("\n## ")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)


def rows(heading: str) -> list[list[str]]:
    part = SECTION.partition(f"### {heading}")[2].partition("\n### ")[0]
    lines = re.findall(r"^\| (`.*) \|$", part, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", line) for line in lines]


def shown(guard: Guard, folder: Path, path: str) -> Any:
    """Run the example for an address where a server has left its first key."""
    [example] = [block for block in blocks("sh") if path in block]
    key = Endpoint(guard.server.address, guard.server.key, guard.reviewer)
    here = example.replace("http://127.0.0.1:8000", guard.server.address)
    return json.loads(run(key, folder, "bash", "-ec", here))


def test_the_example_of_moderations(guard: Guard, tmp_path: Path) -> None:
    answer = shown(guard, tmp_path, "/v1/moderations")

    assert [result["flagged"] for result in answer["results"]] == [True, False]


def test_the_example_of_llm_guard(guard: Guard, tmp_path: Path) -> None:
    answer = shown(guard, tmp_path, "/analyze/prompt")

    assert (answer["is_valid"], answer["sanitized_prompt"]) == (True, "How do I add a filter?")


def test_the_example_of_litellm(guard: Guard, tmp_path: Path) -> None:
    assert shown(guard, tmp_path, "/beta/litellm_basic_guardrail_api")["action"] == "NONE"


def test_the_example_of_detectors(guard: Guard, tmp_path: Path) -> None:
    [[found]] = shown(guard, tmp_path, "/api/v1/text/contents")

    assert (found["detector_id"], found["text"]) == ("blocklist", "bomb")


def test_the_proxys_settings_are_those_that_are_tested() -> None:
    [example] = blocks("yaml")
    [guardrail] = yaml.safe_load(example)["guardrails"]
    places = {"api_base": "http://127.0.0.1:8000", "api_key": "os.environ/PENSTOCK_KEY"}

    assert guardrail["litellm_params"] == GUARDRAIL | places


def test_every_scanner_is_in_the_table() -> None:
    part = SECTION.partition("### llm-guard's API")[2].partition("\n### ")[0]
    told: dict[Stage, dict[str, str]] = {Stage.INPUT: {}, Stage.OUTPUT: {}}
    for line in re.findall(r"^\| (.*`) \|$", part, re.MULTILINE):
        *sides, name = (re.findall(r"`(\w+)`", cell) for cell in line.split("|"))
        for scanners, side in zip(sides, told.values(), strict=True):
            side |= dict.fromkeys(scanners, name[0])

    assert told == SCANNERS


def test_every_label_is_in_the_table() -> None:
    told = {
        label: names[-1]
        for names in rows("OpenAI's moderation")
        for label in names[:-1]
        if names[-1] in CATEGORIES
    }
    others = {label: LABELS[label] for label in LABELS if label not in told}

    assert told.items() <= LABELS.items()
    assert all(spelled(label) == category for label, category in others.items())


def spelled(label: str) -> str:
    """Return the category whose own name this is, in either spelling."""
    [category] = [c for c in CATEGORIES if label in (c, c.replace("-", "_").replace("/", "_"))]
    return category
