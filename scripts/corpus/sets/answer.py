"""Answer: where in the passage (`pair`) stands the answer to the question (`text`), if it does?"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.corpus.neighbours import Neighbours
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName

SEED = 7
DISTRACTORS = 3
UNANSWERABLE_EVERY = 2


def policies(folder: Path) -> Iterator[Row]:
    """Read questions about privacy policies."""
    for name in ("dev.json", "test.json"):
        whole = json.loads((folder / name).read_text(encoding="utf-8"))
        for article in whole["data"]:
            for paragraph in article["paragraphs"]:
                yield from _policy(article["title"], paragraph)


def _policy(title: str, paragraph: dict[str, Any]) -> Iterator[Row]:
    passage = paragraph["context"]
    for asked in paragraph["qas"]:
        spans = {
            (answer["answer_start"], answer["answer_start"] + len(answer["text"]))
            for answer in asked["answers"]
        }
        yield Row(
            group=f"policies-{title}",
            text=asked["question"],
            pair=passage,
            spans=tuple(sorted(spans)),
        )


def queries(folder: Path) -> Iterator[Row]:
    """Read search queries with their answers in an encyclopedia paragraph.

    Each is asked again of the paragraph of another article that shares the most words with it.
    """
    lines = list(_json_lines(folder / "qed-dev.jsonlines"))
    near = Neighbours([line["paragraph_text"] for line in lines]).of(
        [line["question_text"] for line in lines], DISTRACTORS + 1
    )
    for line, found in zip(lines, near, strict=True):
        group = f"queries-{line['title_text']}"
        answers = [a for some in line["original_nq_answers"] for a in some]
        spans = tuple(sorted({(a["start"], a["end"]) for a in answers}))
        question = line["question_text"]
        yield Row(group=group, text=question, pair=line["paragraph_text"], spans=spans)
        elsewhere = [
            lines[n]["paragraph_text"]
            for n in found
            if lines[n]["title_text"] != line["title_text"]
            and not any(a["string"] in lines[n]["paragraph_text"] for a in answers)
        ]
        if elsewhere:
            yield Row(group=group, text=question, pair=elsewhere[0])


def long_queries(folder: Path) -> Iterator[Row]:
    """Read search queries whose answer is some of a passage's sentences, or is not there."""
    for name in ("clapnq_dev_answerable.jsonl", "clapnq_dev_unanswerable.jsonl"):
        for line in _json_lines(folder / name):
            passage = line["passages"][0]
            text = passage["text"].strip()
            chosen = {s for output in _outputs(line) for s in output["selected_sentences"]}
            spans = [(text.find(s.strip()), len(s.strip())) for s in chosen]
            found = tuple(sorted((at, at + size) for at, size in spans if at >= 0))
            if found or not chosen:
                yield Row(
                    group=f"long_queries-{passage['title']}",
                    text=line["input"],
                    pair=text,
                    spans=found,
                    loose=True,
                )


def _outputs(line: dict[str, Any]) -> list[dict[str, Any]]:
    found = line["output"]
    outputs: list[dict[str, Any]] = json.loads(found) if isinstance(found, str) else found
    return outputs


def sentence_pairs(folder: Path) -> Iterator[Row]:
    """Read questions with two sentences of one paragraph, of which one holds the answer."""
    by_question: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with (folder / "dev.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            by_question[line["premise"]][line["label"]].append(line["hypothesis"])
    for at, (question, found) in enumerate(by_question.items()):
        others, answers = found["not_entailment"], found["entailment"]
        picked = [] if at % UNANSWERABLE_EVERY == 0 else answers[:1]
        yield _passage_of(f"sentence_pairs-{question}", question, picked, others[:1])


def sentences(folder: Path) -> Iterator[Row]:
    """Read questions with the sentence that answers each, hidden among the sentences most like it.

    Every second question does without its sentence: looking like an answer is not being one.
    """
    whole = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    questions, answers = whole["questions"], whole["answers"]
    near = Neighbours(answers).of(questions, DISTRACTORS + 1)
    for at, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        others = [answers[n] for n in near[at] if answers[n] != answer][:DISTRACTORS]
        picked = [] if at % UNANSWERABLE_EVERY == 0 else [answer]
        yield _passage_of(f"sentences-{answer}", question, picked, others)


def _passage_of(group: str, question: str, answers: Sequence[str], others: Sequence[str]) -> Row:
    order = [*answers, *others]
    random.Random(f"{SEED}-{question}").shuffle(order)  # noqa: S311  a fixed order, no secret
    passage, spans = "", []
    for sentence in order:
        start = len(passage)
        passage += f"{sentence.strip()} "
        if sentence in answers:
            spans.append((start, len(passage) - 1))
    return Row(
        group=group, text=question.strip(), pair=passage[:-1], spans=tuple(spans), loose=True
    )


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


SETS: SetsByName = {
    "policies": RowSet(
        "policyqa", "MIT", "https://github.com/wasiahmad/PolicyQA", policies, most=6_000
    ),
    "queries": RowSet(
        "qed", "CC BY-SA 3.0", "https://github.com/google-research-datasets/QED", queries
    ),
    "long_queries": RowSet(
        "clapnq_dev", "Apache-2.0", "https://github.com/primeqa/clapnq", long_queries
    ),
    "sentence_pairs": RowSet(
        "nli_qnli", "CC BY-SA 4.0 (SQuAD)", "https://gluebenchmark.com", sentence_pairs
    ),
    "sentences": RowSet(
        "kou_squad_reqa",
        "CC BY-SA 4.0 (SQuAD)",
        "https://github.com/KOU-201270/model-selection",
        sentences,
    ),
}
