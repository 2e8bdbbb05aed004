"""How models say that they will not do what they were asked: by language and by how clearly.

The patterns are for plain text: in small letters, without accents, with straight apostrophes.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOT = (
    r"(?:cannot|can ?not|can'?t|could not|couldn'?t|will not|won'?t|must not|may not|should not|shouldn'?t"
    r"|(?:am|'m|are|'re) (?:\w+ )?(?:not (?:able|allowed|permitted|willing|comfortable|prepared|going"
    r"|in a position|designed|programmed)|unable)(?: to| with)?|(?:must|have to|need to|am going to) "
    r"(?:respectfully |politely )?(?:decline|refuse)(?: to)?|(?:decline|refuse) to)"
)
_DO = (
    r"(?:answer|assist|carry out|complete|comply|continue|create|describe how|discuss|do (?:that|this|so|it)"
    r"|encourage|engage|explain how|facilitate|fulfill?|generate|give (?:you )?(?:\w+ )?(?:instructions|advice"
    r"|information|guidance)|guide|help|offer|participate|process (?:that|this|your) request|produce|promote"
    r"|provide|respond|share|show you how|support|talk about|teach|tell you how|walk you|write)"
)

CLEAR: Mapping[str, tuple[str, ...]] = {
    "en": (
        rf"\b(?:i|we) ?{_NOT} (?:be able to )?(?:\w+,? ){{0,3}}?{_DO}\b",
        r"\b(?:i|we) (?:(?:must|have to|need to) )?(?:respectfully |politely )?(?:decline|refuse)\b",
        r"\b(?:is|are|'s) not (?:something|a topic|a request|anything) (?:that )?(?:i|we) (?:can|am able to|will)\b",
        r"\b(?:isn'?t|aren'?t) (?:something|anything) (?:that )?(?:i|we) (?:can|am able to|will)\b",
        r"\b(?:your|this|that|the) request (?:cannot|can'?t|can not) be (?:fulfilled|completed|processed|answered)",
        r"\b(?:against|violat(?:es|ing)|outside) (?:of )?(?:my|our|openai'?s|the) (?:\w+ )?(?:guidelines"
        r"|polic(?:y|ies)|programming|principles|terms|rules|capabilities)",
        r"\b(?:i|we) (?:do not|don'?t) feel comfortable (?:\w+ ){0,2}?\w+ing\b",
        r"\bwould be (?:inappropriate|irresponsible|unethical|wrong) (?:for|of) me to\b",
        r"\b(?:no|not) (?:able|possible) for me to (?:\w+ ){0,2}?" + _DO,
    ),
    "de": (
        r"\b(?:kann|konnen|darf|durfen|mochte|werde|werden) (?:ich|wir)(?:,? \w+){0,5} (?:nicht|keine\w?) "
        r"(?:\w+ ){0,5}?(?:be\w+|helfen|weiterhelfen|unterstutzen|erfullen|nachkommen|geben|erstellen|schreiben)",
        r"\b(?:ich|wir) (?:kann|konnen|darf|durfen|mochte|werde|werden)(?:,? \w+){0,5} (?:nicht|keine\w?) "
        r"(?:\w+ ){0,5}?(?:be\w+|helfen|weiterhelfen|unterstutzen|erfullen|nachkommen|geben|erstellen|schreiben)",
        r"\b(?:bin|sind) (?:leider )?nicht in der lage\b",
    ),
    "fr": (
        r"\b(?:je|nous) ne (?:peux|puis|pouvons|pourrai|saurais|souhaite)(?: malheureusement)? pas (?:\w+ ){0,3}?"
        r"(?:aider|assister|fournir|repondre|accomplir|satisfaire|donner|faire cela|creer|ecrire)",
        r"\bje ne suis pas (?:en mesure|autorisee?|capable|habilitee?)\b",
        r"\bje (?:dois|prefere) (?:decliner|refuser)\b",
        r"\bje refuse (?:de |d')\w+",
        r"\ba l'encontre de mes (?:directives|principes|regles)\b",
    ),
    "es": (
        r"\bno (?:puedo|podemos|podria|podre|debo) (?:\w+ ){0,3}?(?:ayudar\w*|asistir\w*|proporcionar\w*|cumplir"
        r"|responder\w*|hacer eso|dar\w*|ofrecer\w*|crear|escribir|generar)\b",
        r"\bno me es posible (?:\w+ ){0,2}?(?:ayudar\w*|proporcionar\w*|responder\w*|dar\w*|ofrecer\w*|escribir|crear)\b",
        r"\bno (?:estoy|estamos) (?:autorizad[oa]s?|capacitad[oa]s?|en condiciones)\b",
    ),
    "it": (
        r"\bnon (?:posso|possiamo|potrei|sono in grado di) (?:\w+ ){0,3}?(?:aiutar\w*|assister\w*|fornir\w*"
        r"|risponder\w*|soddisfare|farlo|crear\w*|scriver\w*|dar\w*)\b",
    ),
    "pt": (
        r"\bnao (?:posso|podemos|consigo|poderia) (?:\w+ ){0,3}?(?:ajudar\w*|auxiliar\w*|fornecer\w*|responder\w*"
        r"|atender|fazer isso|criar|escrever|dar)\b",
    ),
}
"""A text that says so refuses."""

SOFT: Mapping[str, tuple[str, ...]] = {
    "en": (
        r"\b(?:i am|i'm|we are|we're)(?: \w+){0,2} sorry,? (?:but|however)\b",
        r"\b(?:my apologies|i apologi[sz]e|apologies),? (?:but|however)\b",
        r"\bas an? (?:ai|artificial intelligence|assistant|(?:large )?language model)\b[^.!?]{0,80}?\b(?:cannot|can'?t"
        r"|don'?t|do not|not able|unable)\b",
        r"\b(?:i'd|i would) (?:rather|prefer) not\b",
        r"\blet'?s (?:talk about|discuss|change|move on to) something else\b",
    ),
    "de": (
        r"\b(?:es )?tut mir leid,? aber\b",
        r"\bals (?:ki|kunstliche intelligenz|sprachmodell)\b",
    ),
    "fr": (
        r"\bje suis (?:vraiment )?desolee?,? mais\b",
        r"\ben tant qu'(?:ia|intelligence artificielle)\b",
    ),
    "es": (
        r"\blo (?:siento|lamento)(?: mucho)?,? pero\b",
        r"\bcomo (?:una? )?(?:ia|inteligencia artificial)\b",
    ),
    "it": (r"\bmi (?:dis)?piace,? ma\b", r"\bcome (?:un')?(?:ia|intelligenza artificiale)\b"),
    "pt": (
        r"\b(?:sinto muito|desculpe|lamento),? mas\b",
        r"\bcomo uma (?:ia|inteligencia artificial)\b",
    ),
}
"""A text that says so may go on to refuse, or to excuse a mistake."""
