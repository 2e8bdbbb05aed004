"""Characters that look like ASCII ones (homoglyphs, Unicode Technical Standard 39).

Two sources: a hand-kept table of look-alikes from other scripts, and the characters' own names,
which tell the base letter of the many Latin variants. Letters that Unicode itself decomposes
(full width, mathematical, with accents) are no concern of this file.
"""

# ruff: noqa: RUF001 - ambiguous characters are what this table is about
from __future__ import annotations

import re
import unicodedata

_TABLE = {
    "a": "αаɑ⍺ᎪᗅꓮΑ𐊠ⲁ𖽀",
    "b": "βвьᏏᏴᗷꓐᛒᑲᖯⲂ𐊂𐊡𐌁ꞴҌѣ",
    "c": "ϲϹсᏟꓚⅽⲤⲥ𐊢𐌂𐐕𐐽𐔜ᑕ⊂ςҫ\U0001f74c",
    "d": "ԁᎠᏧᗞᗪꓒꓓᑯđ∂",
    "e": "εеєҽᎬ℮⋿ⴹꓰ𐊆ⲉэξ",
    "f": "ϝքᖴꓝ𐊇𐊥𐔥ғƒ𝈓",
    "g": "ɡԍցᏀᏳꓖɢ",
    "h": "ΗнһհᏂᎻᕼꓧ𐋏ⲏңҥђћዘ",
    "i": "ιіɩꙇᎥ⍳ӏɪ\u037aᎨ¡ї𑣃\U0001d6a4",
    "j": "јϳᎫᒍꓙյ",
    "k": "κкᏦᛕꓗ𐔘ⲕқҝҡԟќ",
    "l": "ǀ∣ᏞᒪꓡⳐⳑⅼꓲⲓⵏ𐊊𐌉𐌠𐐛𐔦⏽\uffe8",
    "m": "ΜмᎷᗰᛖꓟ𐊰𐌑ⲙϻӎ",
    "n": "Νηпиոռղꓠɴⲛ𐔓ᴨᑎ",
    "o": "οоσօჿഠⲟ〇ⵔꓳ𐊒𐊫𐐄𐐬𐓂𐓪𐔖ⵙθөѳ\u0c02\u0c82\u0d02\u0d82\u12d0ଠ",
    "p": "ρрᏢᑭ⍴ꓑ𐊕ⲣþ",
    "q": "ԛգզⵕ𐊭ʠ",
    "r": "гяᎡᏒᖇꓣᴦⲅʀ𐒴𖼵𝈖",
    "s": "ѕՏᏕᏚꓢ𐊖𐐠𐑈𖼺\u1c9e",
    "t": "τтᎢ⊤⟙ꓔ𐊗𐊱𐌕𑢼ⲧ\U0001f768ҭ",
    "u": "υսሀᑌ∪⋃ꓴ𐓎𐓶ꭎꭒ𖽂цџµμ",
    "v": "νѵᏙᐯ∨⋁ⴸꓦⅴ𐔝ᵥ",
    "w": "ωшщѡԝաᎳᏔꓪϖѿ𑜊𑜎𑜏",
    "x": "χхᕁᕽ᙭᙮ᚷ×╳⤫⤬⨯ⲭⵝꓫⅹ𐊐𐊴𐌗𐌢𐔧ҳӽ",
    "y": "ΥγуүყᎩᎽꓬⲩ𐊲ϒўұ",
    "z": "ζᏃꓜ𐋵ᶻ𑣄",
    "ae": "æӕ",
    "oe": "œ",
    "io": "ю",
    "'": "‘’‚‛′ʹʻʼʽˈꞌ՚`´",
    '"': "“”„‟″«»〝〞",
    "-": "‐‑‒–—―−˗⁃➖",
    "!": "ǃⵑꜝ❗❕",
    " ": "\u2800",
}
"""ASCII text to the characters that pass for it. A capital stands here where its small letter
looks like another one: Greek capital eta passes for h, small eta for n."""

_QUALIFIED = re.compile(
    r"""
    LATIN\ (?:SMALL|CAPITAL)\ LETTER\ (?:SMALL\ CAPITAL\ )?(?:SMALL\ LETTER\ )?
    (?:(?:TURNED|REVERSED|SIDEWAYS|OPEN|SCRIPT|INSULAR|BARRED|DOTLESS|INVERTED|BLACKLETTER|HALF
        |LONG|MIDDLE-WELSH|TOP|BOTTOM|STRETCHED|VOLAPUK|LEFTWARDS)\ )*
    ([A-Z])(?:\ (?:WITH|ROTUNDA|DIGRAPH)\ .*)?
  | LATIN\ LETTER\ SMALL\ CAPITAL\ (?:(?:TURNED|REVERSED|BARRED|INVERTED|OPEN)\ )*
    ([A-Z])(?:\ WITH\ .*)?
  | NEGATIVE\ (?:SQUARED|CIRCLED)\ LATIN\ CAPITAL\ LETTER\ ([A-Z])
  | REGIONAL\ INDICATOR\ SYMBOL\ LETTER\ ([A-Z])
    """,
    re.VERBOSE,
)

_NAMED = {
    "ALPHA": "a",
    "ESH": "s",
    "ETH": "d",
    "EZH": "3",
    "ENG": "n",
    "IOTA": "i",
    "SCHWA": "e",
    "UPSILON": "u",
    "GAMMA": "y",
    "CHI": "x",
}
_OTHER = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER (?:TURNED |REVERSED )?([A-Z]+)(?: WITH .*)?")

_LOOK_ALIKES = {c: ascii_text for ascii_text, characters in _TABLE.items() for c in characters}


def look_alike(character: str) -> str:
    """Return the ASCII text that `character` passes for, or the character itself."""
    found = _LOOK_ALIKES.get(character)
    if found is not None or character.isascii():
        return found or character
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return _by_name(character) or character


def _by_name(character: str) -> str:
    name = unicodedata.name(character, "")
    match = _QUALIFIED.fullmatch(name)
    if match:
        return next(letter for letter in match.groups() if letter).lower()
    other = _OTHER.fullmatch(name)
    return _NAMED.get(other[1], "") if other else ""
