"""The short form of an answer: what two answers must share to be one vote.

A number, a quantity, a date, a letter, yes or no, or a few words. What is left aside is only what can't change
the meaning: case, blanks, end signs, LaTeX and Markdown around it, and a lead-in such as "The answer is". Where
that is in doubt the forms differ, so that an honest answer may lose a vote but a wrong one never gains it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from lorastudio.services.verification.dates import date_key
from lorastudio.services.verification.quantities import quantity_key

MOST_WORDS = 8
MOST_CHARACTERS = 80
# With LaTeX and Markdown, which go.
_MOST_RAW_CHARACTERS = 300
# A single short word keeps its case: Co is no CO.
_SYMBOL_CHARACTERS = 3

_VERDICTS = {
    word: verdict
    for verdict, words in {
        "yes": "yes sim",
        "no": "no não nao",
        "true": "true verdadeiro verdadeira",
        "false": "false falso falsa",
    }.items()
    for word in words.split()
}
# Those of one letter stay: A positivo and O positivo are two blood groups.
_ARTICLES = frozenset(("the", "an", "os", "as", "um", "uma"))

_CHOICE = re.compile(
    r"(?:(?:option|choice|letter|alternative|opção|opcao|alternativa|letra)\s+)?\(?([a-j])\)?", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"(?:^|(?<=[.!?\n])[ \t]*)(?:[*_#> ]*)"
    r"(?:(?:so|therefore|thus|hence|then|portanto|logo|assim|então)[, ]\s*)?"
    r"(?:(?:(?:the|my) )?(?:final |correct |short )?answer(?: is(?: therefore)?\b:?|\s*[:=])"
    r"|(?:(?:a|minha) )?resposta(?: final| correta| certa)?(?: é\b:?|\s*[:=])|####)",
    re.IGNORECASE | re.MULTILINE,
)
# Only at the beginning: later on it may end any text.
_IT_IS = re.compile(r"(?:(?:so|therefore|thus|hence),? )?it(?: is|['’]s)\b(?! not\b)", re.IGNORECASE)
_BOXED = "\\boxed{"
_LATEX = (
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|operatorname)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\[dt]?frac\s*\{(-?\d+)\}\s*\{(\d+)\}"), r"\1/\2"),
    (re.compile(r"\^\s*\{?\\circ\}?|º(?=\s?[CF]\b)"), "°"),
    (re.compile(r"\\(?:times|cdot)"), "×"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\\$"), "$"),
    (re.compile(r"\\[,;:! ]"), " "),
    (re.compile(r"\\[()\[\]]"), ""),
    # As Pandoc tells mathematics from prices: no blank inside the signs, and no digit after the closing one.
    (re.compile(r"\$\$?(?=\S)([^$]*)(?<=\S)\$\$?(?!\d)"), r"\1"),
)
_MARKDOWN = re.compile(r"(?<!\w)(\*\*|__|`|\*|_)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`", "*": "*", "_": "_"}
_ENDS = re.compile(r"[\s.,;:?]+$|(?<=[^\W\d_]{2})!+$")
_FORMULA = re.compile(r"[=+*/^<>|\\]")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class Kind(StrEnum):
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    VERDICT = "verdict"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ShortForm:
    """What is compared. `result` is the answer's own text of it, without its lead-in.

    `exact` differs from `key` by its accents alone: see `voting`. A definite form says all there is to say; words
    may say the same in another way.
    """

    kind: Kind
    key: str
    result: str
    exact: str = ""

    @property
    def definite(self) -> bool:
        return self.kind is not Kind.TEXT

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.exact or self.key}"


def short_form(text: str, language: str = "") -> ShortForm | None:
    """The short form of an answer, or None when it is a long one with no marked result.

    A long answer may end with its result after a lead-in, or hold one (always the same) in a LaTeX box.
    `language` ("en", "pt" or unknown) decides what `1,234` and `05/03/2024` mean.
    """
    result = _result(text.strip())
    if result is None or len(result) > _MOST_RAW_CHARACTERS:
        return None
    plain = _plain(result)
    if not plain or len(plain) > MOST_CHARACTERS or "\n" in plain:
        return None
    folded = plain.casefold()
    if folded in _VERDICTS:
        return ShortForm(Kind.VERDICT, _VERDICTS[folded], plain)
    if (choice := _CHOICE.fullmatch(plain)) is not None:
        return ShortForm(Kind.CHOICE, choice[1].casefold(), plain)
    if (day := date_key(plain, language)) is not None:
        return ShortForm(Kind.DATE, day, plain)
    if (quantity := quantity_key(plain, language)) is not None:
        return ShortForm(Kind.NUMBER, quantity, plain)
    return _words_form(plain)


def without_accents(text: str) -> str:
    """Latin letters without their accents: "São" and "Sao" are the same afterwards, が and か are not."""
    return "".join(map(_base_letter, unicodedata.normalize("NFC", text)))


def _base_letter(sign: str) -> str:
    first = unicodedata.normalize("NFD", sign)[0]
    return first if first.isascii() and first.isalpha() else sign


def _words_form(plain: str) -> ShortForm | None:
    tokens = _tokens(plain)
    if not tokens or len(tokens) > MOST_WORDS:
        return None
    if len(tokens) > 1 and tokens[0].casefold() in _ARTICLES:
        tokens = tokens[1:]
    exact = " ".join(tokens)
    if not _keeps_case(tokens):
        exact = exact.casefold()
    return ShortForm(Kind.TEXT, without_accents(exact), plain, exact)


def _keeps_case(tokens: list[str]) -> bool:
    """Whether case may mean something: in a formula, and in a single short word, which may be a symbol."""
    symbol = len(tokens) == 1 and len(tokens[0]) <= _SYMBOL_CHARACTERS and tokens[0].isascii()
    return symbol or any(_FORMULA.search(token) for token in tokens)


def _tokens(plain: str) -> list[str]:
    """Words and signs; a sign goes only where it means nothing: a stop after a word, a hyphen within one."""
    text = re.sub(r"(?<=[^\W\d_]{2})[-‐–](?=[^\W\d_]{2})", " ", plain)
    text = re.sub(r"(?<!\d)[.,;:?]+(?=\s|$)|[\"“”«»]", " ", text)
    return text.split()


def _result(text: str) -> str | None:
    """The part of an answer that states its result: a box, what a lead-in leads to at the end, or all of it."""
    boxes = set(_boxes(text))
    if boxes:
        return boxes.pop() if len(boxes) == 1 else None
    leads = list(_LEAD_IN.finditer(text))
    if leads:
        rest = _without_half_a_pair(text[leads[-1].end() :].strip())
        if rest and "\n" not in rest and not re.search(r"[.!?]\s+\S", rest):
            return rest
        return None
    return _IT_IS.sub("", text, count=1).strip() if _IT_IS.match(text) else text


def _without_half_a_pair(text: str) -> str:
    """Without the Markdown whose other half stood in the lead-in."""
    if text.count("**") % 2 == 0:
        return text
    return (text.removeprefix("**") if text.startswith("**") else text.removesuffix("**")).strip()


def _boxes(text: str) -> list[str]:
    """What stands in \\boxed{…}, its braces balanced."""
    found = []
    start = text.find(_BOXED)
    while start >= 0:
        inside = start + len(_BOXED)
        depth, at = 1, inside
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if not depth:
            found.append(text[inside : at - 1].strip())
        start = text.find(_BOXED, at)
    return found


def _plain(text: str) -> str:
    """Without LaTeX, Markdown and end signs, in one Unicode form; powers stay powers."""
    for pattern, put in _LATEX:
        text = pattern.sub(put, text)
    text = _MARKDOWN.sub(r"\2", text)
    text = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞])", " ", text)
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("\u2044", "/")
    return _without_ends(" ".join(text.split()))


def _without_ends(text: str) -> str:
    """Without stops at the end, and without quotes around all of it; 5! and x' are left as they are."""
    while True:
        shorter = _ENDS.sub("", text)
        if len(shorter) > 1 and _QUOTES.get(shorter[0]) == shorter[-1]:
            shorter = shorter[1:-1].strip()
        if shorter == text:
            return text
        text = shorter
