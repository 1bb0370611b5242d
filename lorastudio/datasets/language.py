"""Which language a text is in: English, Portuguese or another one, by its small words.

Good enough to notice an answer in the wrong language; not a language identifier.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

ENGLISH = "en"
PORTUGUESE = "pt"
OTHER = "other"
UNKNOWN = ""

_LETTERS = re.compile(r"[^\W\d_]+")

# Frequent small words that tell the languages apart; words that two of them share weigh in both.
_SMALL_WORDS_OF = {
    ENGLISH: "the a an of and to in is was are were be been for with on at by from that this it its as not or which"
    " have has had their they you we he she what how when than then will would can could should each after into",
    PORTUGUESE: "o a os as um uma de do da dos das em no na nos nas e é são foi foram ser para por com que não se"
    " ao à aos às pelo pela mais mas como também seu sua isto esta este essa esse durante qual quais quando está"
    " você eu ele ela nós ou já muito até entre após cada sem sob sobre tem têm num numa",
    "es": "el la los las un una de del y es son fue fueron para por con que no se al más pero como también su sus"
    " esta este esto cuando está usted yo él ella o ya muy hasta entre cada sin sobre tiene lo en",
    "fr": "le la les un une de du des et est sont était été pour par avec que ne pas se au aux plus mais comme"
    " aussi son sa ses cette ce ces quand vous je il elle nous ou très dans sur sans qui en à",
    "de": "der die das ein eine und ist sind war waren für von mit dass nicht sich auf dem den des im zu auch wie"
    " aber mehr sein ihre diese dieser wenn ich sie er wir oder sehr bis zwischen ohne über hat haben wird",
    "it": "il lo la i gli le un una di del della e è sono era per con che non si al più ma come anche suo sua"
    " questo questa quando lei io lui noi o già molto tra ogni senza su ha hanno nel nella",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(language for language, small in _SMALL_WORDS_OF.items() if word in small.split())
    for word in " ".join(_SMALL_WORDS_OF.values()).split()
}
_PORTUGUESE_LETTERS = frozenset("ãõ")
_OTHER_LETTERS = frozenset("ñ¿¡ßäöüøåœùèìòłżčšřőűğışţțėęąœæþð")
_PORTUGUESE_ENDINGS = ("ção", "ções", "mente", "ência", "ável", "ível", "idade")
_BEYOND_LATIN = "ɐ"
_EVIDENCE = 2.0
_PLENTY_OF_WORDS = 12


def detect_language(text: str, found: Sequence[str] | None = None) -> str:
    """`en`, `pt`, `other`, or an empty string when the text is too short to tell.

    `found` are the words of the text (`words.words`), where somebody has split it already.
    """
    if found is None:
        found = _LETTERS.findall(text.lower())
    signs = frozenset() if text.isascii() else frozenset(text.lower())
    if signs and max(signs) >= _BEYOND_LATIN:
        letters = [sign for sign in "".join(found) if sign.isalpha()]
        if sum(map(_is_latin, letters)) < len(letters) / 2:
            return OTHER
    (best, most), (_, second) = sorted(_scores(found, signs).items(), key=itemgetter(1), reverse=True)[:2]
    if most < _EVIDENCE:
        return OTHER if sum(map(str.isalpha, found)) >= _PLENTY_OF_WORDS else UNKNOWN
    if most == second:
        return UNKNOWN
    return best if best in (ENGLISH, PORTUGUESE) else OTHER


def languages_differ(one: str, other: str) -> bool:
    """Whether two detected languages are both known and not the same."""
    return UNKNOWN not in (one, other) and one != other


def _scores(found: Sequence[str], signs: frozenset[str]) -> dict[str, int]:
    """Evidence by language, from the words and from the signs that are not all ASCII."""
    scores = dict.fromkeys(_SMALL_WORDS_OF, 0)
    for word in filter(_LANGUAGES_OF.__contains__, found):
        for language in _LANGUAGES_OF[word]:
            scores[language] += 1
    text = " ".join(found)
    if any(ending in text for ending in _PORTUGUESE_ENDINGS):
        scores[PORTUGUESE] += len([word for word in set(found) if word.endswith(_PORTUGUESE_ENDINGS)])
    scores[PORTUGUESE] += 2 * (not _PORTUGUESE_LETTERS.isdisjoint(signs))
    if not _OTHER_LETTERS.isdisjoint(signs):
        for language in ("es", "fr", "de", "it"):
            scores[language] += 1
    return scores


def _is_latin(letter: str) -> bool:
    return letter < _BEYOND_LATIN or "Ḁ" <= letter < "ἀ"
