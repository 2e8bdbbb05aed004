"""Measuring sentences."""

from __future__ import annotations

import numpy as np
import pytest

from app.bundles.manifest import AnswerWeights
from app.engine import Support
from app.engine.ranking import Candidate, candidates
from app.engine.reader import Reading


def reading(passage: str, scores: dict[str, float], ends: dict[str, str] | None = None) -> Reading:
    """Make a reading by words: a word's score, and the word its answer ends with."""
    words, at, offsets = passage.split(), 0, []
    for word in words:
        start = passage.index(word, at)
        at = start + len(word)
        offsets.append((start, at))
    last = {words.index(first): words.index(end) for first, end in (ends or {}).items()}
    return Reading(
        offsets,
        np.array([scores.get(word, -9.0) for word in words], dtype=np.float32),
        np.array([last.get(place, place) for place in range(len(words))]),
    )


PASSAGE = "Gates hold water. Pipes carry water home. Birds fly."


def test_every_sentence_is_a_candidate_with_its_best_answer() -> None:
    found = candidates("q", [PASSAGE], [reading(PASSAGE, {"hold": 2.0, "carry": 5.0})])

    assert [one.text for one in found] == [
        "Gates hold water.",
        "Pipes carry water home.",
        "Birds fly.",
    ]
    assert [one.reader for one in found] == [2.0, 5.0, -9.0]
    support = found[1].support
    assert PASSAGE[support.start : support.end] == "Pipes carry water home."
    assert PASSAGE[support.answer_start : support.answer_end] == "carry"


def test_an_answer_over_two_sentences_takes_both() -> None:
    found = candidates("q", [PASSAGE], [reading(PASSAGE, {"water.": 7.0}, {"water.": "carry"})])

    assert found[0].text == "Gates hold water. Pipes carry water home."
    support = found[0].support
    assert PASSAGE[support.answer_start : support.answer_end] == "water. Pipes carry"


def test_an_answer_never_takes_more_than_two_sentences() -> None:
    found = candidates("q", [PASSAGE], [reading(PASSAGE, {"Gates": 7.0}, {"Gates": "fly."})])

    assert found[0].text == "Gates hold water. Pipes carry water home."
    assert found[0].support.answer_end == found[0].support.end


def test_an_answer_past_the_last_sentence_ends_with_it() -> None:
    text = "Gates hold."
    found = candidates(
        "q", [text], [Reading([(0, 5), (6, 12)], np.zeros(2, np.float32), np.array([1, 1]))]
    )

    assert found[0].support == Support(0, 0, 11, 0, 11)


def test_earlier_passages_rank_higher() -> None:
    texts = ["One.", "Two.", "Three."]

    found = candidates("q", texts, [reading(text, {}) for text in texts])

    assert [one.rank for one in found] == [1, 1 / 2, 1 / 3]
    assert [one.support.passage for one in found] == [0, 1, 2]


def test_rare_words_of_the_question_count_more_and_stop_words_nothing() -> None:
    text = "The water gate. The water pipe. The water. It is how."

    found = candidates("How is the water of the gate?", [text], [reading(text, {})])

    gate, pipe, water, nothing = [one.overlap for one in found]
    assert gate == pytest.approx(1.0)
    assert 0 < pipe == water < 0.5
    assert nothing == 0.0


def test_words_of_one_stem_are_equal() -> None:
    text = "Filtering is done."

    [found] = candidates("filters?", [text], [reading(text, {})])

    assert found.overlap == 1.0


def test_a_question_of_stop_words_only_still_compares() -> None:
    text = "To be or not to be."

    [found] = candidates("to be?", [text], [reading(text, {})])

    assert found.overlap == 1.0


@pytest.mark.parametrize("question", ["", "???", "\ud800"])
def test_a_question_without_words_overlaps_nothing(question: str) -> None:
    text = "Gates hold."

    [found] = candidates(question, [text], [reading(text, {})])

    assert found.overlap == 0.0


def test_no_passages_give_no_candidates() -> None:
    assert candidates("q", [], []) == []


def test_the_score_is_the_weighted_sum() -> None:
    weights = AnswerWeights(reader=2, cosine=3, overlap=5, rank=7, novelty=13, bias=11)
    one = Candidate(Support(0, 0, 1, 0, 1), "x", reader=0.1, overlap=0.2, rank=0.3, novelty=0.5)

    assert one.score(weights) == pytest.approx(11 + 0.2 + 1.0 + 2.1 + 6.5)
    assert one.with_cosine(0.4).score(weights) == pytest.approx(11 + 0.2 + 1.0 + 2.1 + 6.5 + 1.2)


def test_a_sentence_that_repeats_the_question_is_no_answer() -> None:
    passage = 'Ask it: {"prompt": "How do I add a gate?"}\n\nTo add a gate, write one class.'
    question = "How do I add a gate?"

    found = candidates(question, [passage], [reading(passage, {})])

    assert [one.text for one in found] == ["To add a gate, write one class."]


def test_novelty_counts_what_the_question_does_not_say() -> None:
    passage = "Gates hold water. Pipes carry clean cold water over seven high hills home."

    found = candidates("Do gates hold water?", [passage], [reading(passage, {})])

    assert [one.novelty for one in found] == [0.0, 1.0]
