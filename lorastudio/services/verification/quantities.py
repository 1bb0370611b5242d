"""Numbers and quantities in one form, exactly: fractions, powers of ten, both decimal signs, units of one kind.

Nothing is rounded and nothing is guessed: what can be read in two ways is not read at all, so that two answers
are never taken for one by a slip of ours.
"""

from __future__ import annotations

import re
from fractions import Fraction

_ENGLISH = "zero one two three four five six seven eight nine ten eleven twelve"
_PORTUGUESE = "zero um dois três quatro cinco seis sete oito nove dez onze doze"
_WORDS = {word: number for words in (_ENGLISH, _PORTUGUESE) for number, word in enumerate(words.split())}
_WORDS |= {"uma": 1, "duas": 2, "tres": 3}

_MOST_EXPONENT = 300
_NUMBER = re.compile(
    r"(?P<sign>[-+−])?(?P<digits>\d[\d.,  ' ]*\d|\d|[.,]\d+)"
    r"(?:\s?[eE](?P<short>[-+−]?\d{1,4})|\s?[x×·*]\s?10\^\{?(?P<long>[-−+]?\d{1,4})\}?)?"
    r"(?:\s?/\s?(?P<below>\d{1,12}))?"
)
_CURRENCIES = ("us$", "r$", "$", "€", "£")

# A factor to the first unit of its kind. Symbols keep their case (mW is no MW); words do not.
_SYMBOLS: dict[str, tuple[str, Fraction]] = {
    "m": ("m", Fraction(1)),
    "km": ("m", Fraction(1000)),
    "cm": ("m", Fraction(1, 100)),
    "mm": ("m", Fraction(1, 1000)),
    "µm": ("m", Fraction(1, 10**6)),
    "nm": ("m", Fraction(1, 10**9)),
    "g": ("g", Fraction(1)),
    "kg": ("g", Fraction(1000)),
    "mg": ("g", Fraction(1, 1000)),
    "t": ("g", Fraction(10**6)),
    "s": ("s", Fraction(1)),
    "ms": ("s", Fraction(1, 1000)),
    "min": ("s", Fraction(60)),
    "h": ("s", Fraction(3600)),
    "l": ("l", Fraction(1)),
    "L": ("l", Fraction(1)),
    "ml": ("l", Fraction(1, 1000)),
    "mL": ("l", Fraction(1, 1000)),
    "K": ("K", Fraction(1)),
    "°C": ("°C", Fraction(1)),
    "ºC": ("°C", Fraction(1)),
    "°F": ("°F", Fraction(1)),
    "%": ("%", Fraction(1)),
    "°": ("°", Fraction(1)),
}
_NAMES = {
    "m": "meter meters metre metres metro metros",
    "km": "kilometer kilometers kilometre kilometres quilômetro quilômetros quilómetro quilómetros",
    "cm": "centimeter centimeters centimetre centimetres centímetro centímetros",
    "mm": "millimeter millimeters millimetre millimetres milímetro milímetros",
    "g": "gram grams grama gramas",
    "kg": "kilogram kilograms quilo quilos quilograma quilogramas",
    "t": "tonne tonnes tonelada toneladas",
    "s": "sec second seconds segundo segundos",
    "min": "minute minutes minuto minutos",
    "h": "hr hour hours hora horas",
    "l": "liter liters litre litres litro litros",
    "K": "kelvin kelvins",
    "%": "percent porcento",
}
_NAMED = {name: _SYMBOLS[symbol] for symbol, names in _NAMES.items() for name in names.split()}
_LONGEST_SYMBOL = 3
_LONGEST_UNIT = 24
_UNIT = re.compile(r"[^\W\d_]*[°º%]?[^\W\d_]*(?:[/·*^-]\(?[\w^*·-]+\)?)*(?: [^\W\d_]+)?")


def quantity_key(text: str, language: str) -> str | None:
    """One form for all ways to write a number or a number with its unit; None when `text` is neither.

    `language` tells what a lone comma or point before three digits means ("pt": 1.234 is a thousand and more,
    "en": 1,234 is); in any other language such a number is not read.
    """
    text = text.strip()
    word = _WORDS.get(text.casefold())
    if word is not None:
        return f"{word}"
    currency, rest = _split_currency(text)
    found = _NUMBER.match(rest)
    if found is None:
        return None
    value = _value(found, language)
    if value is None:
        return None
    unit = rest[found.end() :].strip()
    if currency:
        return f"{value} {currency}" if not unit else None
    if not unit:
        return f"{value}"
    return _with_unit(value, unit)


def _split_currency(text: str) -> tuple[str, str]:
    for sign in _CURRENCIES:
        if text.casefold().startswith(sign):
            return sign, text[len(sign) :].strip()
    return "", text


def _value(found: re.Match[str], language: str) -> Fraction | None:
    plain = _plain_decimal(found["digits"], language)
    if plain is None:
        return None
    value = Fraction(plain)
    power = found["short"] or found["long"]
    if power is not None:
        exponent = int(power.replace("−", "-"))
        if abs(exponent) > _MOST_EXPONENT:
            return None
        value *= Fraction(10) ** exponent
    if found["below"] is not None:
        if int(found["below"]) == 0:
            return None
        value /= int(found["below"])
    return -value if found["sign"] in ("-", "−") else value


def _plain_decimal(digits: str, language: str) -> str | None:
    """The digits with a decimal point alone; None where the signs between them can't be read, or in two ways."""
    digits = re.sub(r"(?<=\d)[  ' ](?=\d{3}(?:\D|$))", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if re.search(r"[^\d.,]", digits):
        return None
    if points and commas:
        decimal = "." if digits.rfind(".") > digits.rfind(",") else ","
        grouping = "," if decimal == "." else "."
        whole, _, rest = digits.partition(decimal)
        return f"{whole.replace(grouping, '')}.{rest}" if _is_grouped(whole, grouping) and rest.isdigit() else None
    sign = "." if points else ","
    if points + commas > 1:
        return digits.replace(sign, "") if _is_grouped(digits, sign) else None
    if points + commas == 0:
        return digits
    if not re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", digits):
        return digits.replace(",", ".")
    groups = {"en": ",", "pt": "."}.get(language[:2])
    if groups is None:
        return None
    return digits.replace(sign, "" if sign == groups else ".")


def _is_grouped(digits: str, sign: str) -> bool:
    """Whether the digits stand in threes: 1,234,567."""
    first, *others = digits.split(sign)
    return 1 <= len(first) <= 3 and all(len(part) == 3 and part.isdigit() for part in others) and first.isdigit()


def _with_unit(value: Fraction, unit: str) -> str | None:
    """A unit of a known kind is turned into the first of that kind; any other stands as it was written."""
    symbol = " ".join(unit.replace("μ", "µ").split())
    known = _SYMBOLS.get(symbol) or _NAMED.get(symbol.casefold())
    if known is not None:
        base, factor = known
        return f"{value * factor} {base}"
    if len(symbol) > _LONGEST_UNIT or not re.match(r"[^\W\d_]|[°º%]", symbol) or not _UNIT.fullmatch(symbol):
        return None
    return f"{value} {symbol if len(symbol) <= _LONGEST_SYMBOL else symbol.casefold()}"
