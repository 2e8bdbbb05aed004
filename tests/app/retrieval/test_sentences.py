import pytest

from app.retrieval.sentences import sentences


@pytest.mark.parametrize(
    "text",
    [
        "One. Two! Three? Four…",
        'He said "stop." Then he left.',
        "It ends (like this.) And goes on.",
        "Use keys, queues etc. The rest is easy.",
        "水門です。 次です\uff01",
    ],
)
def test_sentences_end(text: str) -> None:
    assert len(sentences(text)) >= 2
    assert " ".join(sentences(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Some words, e.g. Postgres, i.e. the store, cf. Fig. 3 there.",
        "Dr. Smith and J. Doe et al. wrote it.",
        "Version 2.5 of penstock.toml is read.",
        "3. The third step of the list.",
        "Keys, queues etc. are kept.",
        "no end at all",
    ],
)
def test_sentences_go_on(text: str) -> None:
    assert sentences(text) == [text]


def test_scripts_without_spaces() -> None:
    assert sentences("水門です。次です\uff01") == ["水門です。", "次です\uff01"]


def test_nothing_gives_nothing() -> None:
    assert sentences("  \n ") == []
