"""The language filter tells languages apart, and says nothing where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.conformance import check_filter
from filters.language import Language, LanguageOptions
from tests.filters.items import found, item

TEXTS = {
    "en": "How do I add a filter to the chain?",
    "de": "Wie füge ich der Kette einen Filter hinzu?",
    "fr": "Comment puis-je ajouter un filtre à la chaîne ?",
    "es": "¿Cómo puedo añadir un filtro a la cadena?",
    "it": "Come posso aggiungere un filtro alla catena?",
    "nl": "Hoe kan ik een filter aan de keten toevoegen?",
    "pl": "Jak mogę dodać filtr do łańcucha?",
    "ru": "Как мне добавить фильтр в цепочку?",
    "uk": "Як мені додати фільтр до ланцюжка?",
    "zh": "我怎样才能在链中添加过滤器?",
    "ja": "チェーンにフィルターを追加するには?",
    "ko": "체인에 필터를 어떻게 추가합니까?",
    "ar": "كيف يمكنني إضافة مرشح إلى السلسلة؟",
    "hi": "मैं श्रृंखला में फ़िल्टर कैसे जोड़ूँ?",
}


async def language(**options: Any) -> Language:
    judge = Language(LanguageOptions.model_validate(options))
    await judge.setup(object())  # type: ignore[arg-type]  # it needs nothing of the server
    return judge


@pytest.mark.parametrize("code", TEXTS)
async def test_an_allowed_language_passes_and_others_do_not(code: str) -> None:
    judge = await language(allow=[code])
    for other, text in TEXTS.items():
        finding = await judge.check(item(text))

        score = finding.score if finding else 0.0
        assert (score < 0.5) == (other == code), (other, score)
        assert other == code or (finding is not None and finding.label == other)


async def test_a_denied_language_is_found() -> None:
    judge = await language(deny=["de", "fr"])

    assert await found(judge, TEXTS["de"]) == [("de", TEXTS["de"])]
    finding = await judge.check(item(TEXTS["en"]))
    assert finding is None or finding.score < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "Danke!",
        "12345 67890 12345 67890",
        "",
        "https://example.com/eine/lange/adresse/mit/woertern",
        "```\nfor wort in liste: ausgabe(wort)\n```",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    ],
)
async def test_what_has_no_language_is_not_judged(text: str) -> None:
    assert await found(await language(allow=["en"]), text) == []


async def test_a_short_text_in_a_script_of_word_signs_tells_enough() -> None:
    assert await found(await language(allow=["en"]), "今天天气很好") != []


async def test_a_foreign_sentence_is_found_by_sentence() -> None:
    judge = await language(allow=["en"], unit="sentence")

    assert judge.unit.kind == "sentence"
    assert await found(judge, TEXTS["de"]) == [("de", TEXTS["de"])]


@pytest.mark.parametrize(
    ("code", "near"), [("no", "nn"), ("hr", "bs"), ("zh", "yue"), ("id", "ms")]
)
async def test_what_short_texts_do_not_tell_apart_counts_as_one(code: str, near: str) -> None:
    judge = await language(allow=[code])

    assert not judge._is_bad(near)


async def test_a_language_without_a_model_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="there is no language 'klingon', only"):
        await language(allow=["klingon"])


@pytest.mark.parametrize("options", [{}, {"allow": ["en"], "deny": ["de"]}])
def test_allow_or_deny_is_needed(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs either allow or deny"):
        Language(LanguageOptions.model_validate(options))


@pytest.mark.parametrize(
    "options", [{"allow": ["en"]}, {"deny": ["de", "fr"]}, {"allow": ["zh"], "unit": "sentence"}]
)
async def test_it_conforms(options: dict[str, Any]) -> None:
    await check_filter(await language(**options), examples=[item(TEXTS["de"]), item(TEXTS["en"])])
