"""What the cards of the default models say beside their numbers."""

from __future__ import annotations

from scripts.bundling.card import CardText

TOXICITY = CardText(
    purpose="Scores how toxic a sentence is, with Detoxify's six labels.",
    intended_use="A filter in front of a person's decision, in English: flag, or block above a "
    "high threshold. Not for judging people, and not as the only protection of anybody.",
    weak_points=(
        "`severe_toxicity` was derived (an attack that swears or threatens), nobody was asked.",
        "Threats are rare in the data (`auc.threat` rests on few rows).",
        "Irony, quoted speech and reclaimed words are often misread; dialects may score too high.",
        "Emoji must be named and disguised words undone before, as the toxicity filter does.",
    ),
    limits=(
        "English, in Latin script; other languages score low whatever they say.",
        "Scores are not probabilities; choose thresholds on your own text.",
        "A quarter of the base model's vocabulary was dropped: rare names fall to pieces.",
    ),
)
INJECTION = CardText(
    purpose="Says whether a text orders a language model about against those it works for: prompt "
    "injection and jailbreaks.",
    intended_use="A filter on prompts and on passages in front of a language model: flag, or block "
    "above a high threshold. One layer among several: what a model must not do, its tools must not "
    "allow.",
    weak_points=(
        "Orders that read like any other request (`write a poem about the moon` in a mail) are "
        "found only where they address the assistant or call something off.",
        "Most of the attacks were made from templates (`assaults`, `contrasts`, and the orders in "
        "`passages`, `code`, `markdown` and the like): others are found less often: of 40 that were "
        "written by hand, about three in four. Claims of authority and quiet requests to an agent are "
        "missed most.",
        "Prompts inside frameworks for agents, which tell a model at length what it must do, are taken "
        "for attacks about once in twelve. They belong into system messages, which the injection "
        "filter leaves alone.",
        "`own_docs` is this project's documentation, which nothing was learnt from; all other "
        "measures are on held-out rows of the kinds it was taught with.",
        "Attackers adapt: a text that was written against this model will pass it.",
    ),
    limits=(
        "English, with some German; other languages are judged poorly.",
        "Encodings (base64, ciphers, ASCII art) are not read.",
        "Scores are not probabilities; choose thresholds on your own text.",
    ),
)
GROUNDING = CardText(
    purpose="Says whether a passage supports a claim, contradicts it or does not mention it.",
    intended_use="Checking one sentence of an answer against the passages it should rest on, in "
    "English. Text is the passage, pair is the claim; the best support over passages counts.",
    weak_points=(
        "Changed numbers and names are often missed: the grounding filter checks them apart.",
        "Claims that need two places of a passage, or arithmetic, are judged poorly.",
        "Web pages and dialogue (`wice`, `begin`) are judged worse than encyclopedia text.",
    ),
    limits=(
        "English.",
        "A claim is one sentence; passage and claim together have at most 320 tokens.",
        "It compares texts and knows nothing of the world: a false passage supports a false claim.",
    ),
)
ANSWER = CardText(
    purpose="Finds the sentence of some passages that answers a question, and the exact words in "
    "it, or says that none does.",
    intended_use="Answering from retrieved passages, in English, with the source beside the "
    "answer. The engine adds up this reader's score, the closeness of the embeddings and shared "
    "words, with the weights in the manifest.",
    weak_points=(
        "Asked about something near to what the passages say, it answers too often: "
        "`false_answer`.",
        "The exact words are marked less surely than the sentence: few rows mark them.",
        "Answers that are spread over several sentences are given by their first or best one.",
    ),
    limits=(
        "English.",
        "It quotes and never rephrases.",
        "Passages must be given; it knows nothing.",
    ),
)
