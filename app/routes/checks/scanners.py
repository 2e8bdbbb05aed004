"""What llm-guard calls its scanners, and how it tells their scores."""

from __future__ import annotations

from collections.abc import Iterable

from app.exchange import Action, Verdict
from filters import Stage

_OF_BOTH = {
    "BanCode": "code",
    "BanCompetitors": "topics",
    "BanSubstrings": "keyword",
    "BanTopics": "topic",
    "Code": "code",
    "Language": "language",
    "Regex": "regex",
    "Toxicity": "toxicity",
}
SCANNERS = {
    Stage.INPUT: {
        **_OF_BOTH,
        "Anonymize": "pii",
        "InvisibleText": "invisible",
        "PromptInjection": "injection",
        "Secrets": "secrets",
        "TokenLimit": "length",
    },
    Stage.OUTPUT: {
        **_OF_BOTH,
        "FactualConsistency": "grounding",
        "JSON": "json",
        "MaliciousURLs": "url",
        "NoRefusal": "refusal",
        "NoRefusalLight": "refusal",
        "ReadingTime": "length",
        "Relevance": "relevance",
        "Sensitive": "pii",
    },
}
"""Which filter does the work of a scanner that llm-guard has for prompts and for outputs. A scanner
stands only where it is the same work: leaving one out must not leave out more than its name says."""
_LEAST = 0.01
"""The smallest score told on either side of 0, so that its sign always says what the chain did."""


def scanners_of(name: str, stage: Stage) -> list[str]:
    """Return llm-guard's names for what a filter does at a stage."""
    return [scanner for scanner, ours in SCANNERS.get(stage, {}).items() if ours == name]


def risks(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """Return the worst that each name of a filter stands for."""
    found: dict[str, float] = {}
    for verdict in verdicts:
        risk = _risk(verdict)
        for name in (verdict.id, *scanners_of(verdict.filter, verdict.stage)):
            found[name] = max(risk, found.get(name, risk))
    return found


def _risk(verdict: Verdict) -> float:
    """Return a score as llm-guard tells it: how far it is from the threshold."""
    score, threshold = verdict.score, verdict.threshold
    if verdict.action is Action.ALLOW:
        return min(-_LEAST, round(score / threshold - 1, 2) if threshold else -_LEAST)
    beyond = (score - threshold) / (1 - threshold) if threshold < 1 else 1.0
    return max(_LEAST, round(beyond, 2))
