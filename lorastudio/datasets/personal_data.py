"""Personal data and secrets in texts: found by their form, and by their check digits wherever they have some.

What has no check digits is only believed where its form is unmistakable or a word beside it says what it is: a wrong
alarm in every second measurement would teach people to look away. Names and addresses of people are not looked for.
Sources: CPF and CNPJ, Receita Federal (the CNPJ of letters and digits: Instrução Normativa RFB 2.229/2024, digits by
ASCII code less 48); cards, ISO/IEC 7812-1 (Luhn); IBAN, ISO 13616 with ISO 7064 MOD 97-10; phone numbers, Google's
libphonenumber; forms of keys, their issuers' documentation.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from typing import NamedTuple


class Personal(StrEnum):
    """What can be found; the value is how it is called and what masks it, in square brackets."""

    PRIVATE_KEY = "private key"
    TOKEN = "token"
    PASSWORD = "password"
    EMAIL = "e-mail"
    IBAN = "IBAN"
    CARD = "card number"
    CPF = "CPF"
    CNPJ = "CNPJ"
    PHONE = "phone"
    IP = "IP address"


class Span(NamedTuple):
    """Where something stands in a text: characters `start` to `end`, the latter not included."""

    kind: Personal
    start: int
    end: int


def find_personal(text: str, kinds: Collection[Personal] = tuple(Personal)) -> list[Span]:
    """What is found, in order and without overlaps: of two that overlap the one named first in `Personal` stays."""
    taken: list[Span] = []
    for kind in Personal:
        if kind in kinds:
            fresh = (span for span in _FINDERS[kind](text) if not any(_overlap(span, other) for other in taken))
            taken += list(fresh)
    return sorted(taken, key=lambda span: span.start)


def mask_personal(text: str, kinds: Collection[Personal] = tuple(Personal)) -> str:
    """The text with everything that is found replaced by its name, like "[e-mail]"."""
    parts, at = [], 0
    for span in find_personal(text, kinds):
        parts += [text[at : span.start], f"[{span.kind.value}]"]
        at = span.end
    return "".join([*parts, text[at:]])


def is_cpf(digits: str) -> bool:
    """Whether eleven digits are a CPF by their two check digits; one digit eleven times is none."""
    return len(digits) == 11 and len(set(digits)) > 1 and _ends_in_checks(digits, 9, most_weight=11)


def is_cnpj(characters: str) -> bool:
    """Whether fourteen digits, or twelve digits and capitals with two digits, are a CNPJ by the check digits."""
    return len(characters) == 14 and len(set(characters)) > 1 and _ends_in_checks(characters, 12, most_weight=9)


def is_card(digits: str) -> bool:
    """Whether 13 to 19 digits pass Luhn's check and begin as a payment card's do."""
    if not (13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def is_iban(characters: str) -> bool:
    """Whether digits and capitals are an IBAN: as long as its country's are, and with a remainder by 97 of one."""
    if len(characters) != _IBAN_LENGTHS.get(characters[:2]):
        return False
    turned = characters[4:] + characters[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _ends_in_checks(characters: str, body: int, *, most_weight: int) -> bool:
    """Check digits modulo 11 with weights from 2 upwards, from the right, beginning anew after `most_weight`."""
    values = [ord(character) - 48 for character in characters]
    for length in (body, body + 1):
        weights = (2 + place % (most_weight - 1) for place in range(length))
        remainder = sum(weight * value for weight, value in zip(weights, reversed(values[:length]), strict=True)) % 11
        if values[length] != (0 if remainder < 2 else 11 - remainder):
            return False
    return True


_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-zÀ-ÿ]{2,24}(?![\w-])")
# Nobody has an address there (RFC 2606).
_NO_ONES_HOSTS = re.compile(r"@(?:.*\.)?(?:example\.(?:com|net|org)|(?:[\w-]+\.)?(?:example|test|invalid|localhost))$")
_CPF = re.compile(r"(?<![\d.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\d.-]*\d)")
_NAMED_CPF = re.compile(r"\bCPF\b\D{0,12}(\d{11})(?!\d)", re.IGNORECASE)
_CNPJ = re.compile(r"(?<![\w.-])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?!\w)")
_NAMED_CNPJ = re.compile(r"\bCNPJ\b[^0-9A-Z]{0,12}([0-9A-Z]{12}\d{2})(?!\w)")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d,-]*\d)")
# Looking ahead, since what follows one within the length of the longest may be another.
_IBAN = re.compile(r"(?<!\w)(?=([A-Z]{2}\d{2}(?: ?[0-9A-Z]){11,30}))")
_IBAN_LENGTHS_OF = (
    "NO15 BE16 DK18 FI18 FO18 GL18 NL18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 BG22 BH22 CR22"
    " DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24"
    " VG24 PT25 ST25 IS26 TR26 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 PL28 SV28 BR29"
    " EG29 PS29 QA29 UA29 JO30 KW30 MU30 MT31 SC31 LC32"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS_OF.split()}
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_NUMBERING = re.compile(r"(?:\bv|version|versão|section|seção|secção|chapter|release|§)\W{0,3}$", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00|\()?\d(?:[ ()./-]{0,2}\d){6,14}(?![\w]|[.,]\d)")
_PHONE_WORDS = re.compile(
    r"\b(?:phone|tel|telephone|call|mobile|cell|fax|whatsapp|telefone|telem[oó]vel|celular|ligue|liga|fone)\b\W{0,3}"
    r"(?:\w+\W{1,3}){0,3}$",
    re.IGNORECASE,
)
_PHONE_REGIONS = ("BR", "PT", "US", "GB")
_CONTEXT_CHARACTERS = 40
_KEY_NAME = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
_PRIVATE_KEY = re.compile(rf"-----BEGIN {_KEY_NAME}.*?(?:-----END {_KEY_NAME}|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"(?<![\w-])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255}|glpat-[\w-]{20,64}"
    r"|sk-ant-[\w-]{20,200}|sk-(?:proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,200}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,128}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}"
    r"|pypi-[\w-]{50,255}|SG\.[\w-]{16,32}\.[\w-]{16,64}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r")(?![\w-])"
)
_NAMED_SECRET = re.compile(
    r"(?:api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?(?:key|token)|auth[ _-]?token|bearer|chave[ _-](?:de[ _-])?api)"
    r"[\"']?\s*(?:[:=]|\s)\s*[\"']?([A-Za-z0-9_/+.=-]{16,200})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"\b(?:password|passwd|senha)[\"']?\s*[:=]\s*[\"']?([^\s\"',;]{6,80})", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,80}:([^\s/@]{3,80})@[\w.-]+", re.IGNORECASE)
# Words and paths have less than 3.5 bits a character at that length, random keys more.
_SECRET_BITS = 3.5


def _emails(text: str) -> Iterator[Span]:
    for found in _EMAIL.finditer(text) if "@" in text else ():
        if not _NO_ONES_HOSTS.search(found[0].casefold()):
            yield Span(Personal.EMAIL, *found.span())


def _cpfs(text: str) -> Iterator[Span]:
    yield from _checked(text, Personal.CPF, _CPF, is_cpf)
    yield from _checked(text, Personal.CPF, _NAMED_CPF, is_cpf)


def _cnpjs(text: str) -> Iterator[Span]:
    yield from _checked(text, Personal.CNPJ, _CNPJ, is_cnpj)
    yield from _checked(text, Personal.CNPJ, _NAMED_CNPJ, is_cnpj)


def _cards(text: str) -> Iterator[Span]:
    return _checked(text, Personal.CARD, _CARD, is_card)


def _ibans(text: str) -> Iterator[Span]:
    """The words after one may look like more of it, so its country's length says where it ends."""
    for found in _IBAN.finditer(text):
        places = [place for place, character in enumerate(found[1]) if character != " "]
        length = _IBAN_LENGTHS.get(found[1][:2], len(places) + 1)
        if length <= len(places) and is_iban("".join(found[1][place] for place in places[:length])):
            end = found.start() + places[length - 1] + 1
            if not text[end : end + 1].isalnum():
                yield Span(Personal.IBAN, found.start(), end)


def _checked(text: str, kind: Personal, form: re.Pattern[str], check: Callable[[str], bool]) -> Iterator[Span]:
    """What has the form (its group, where it has one) and passes the check without its separators."""
    for found in form.finditer(text):
        if check("".join(filter(str.isalnum, found[form.groups]))):
            yield Span(kind, *found.span(form.groups))


def _addresses(text: str) -> Iterator[Span]:
    """Addresses that lead to somebody: no private, local or documentation ones, and no version numbers."""
    for form in (_IPV4, _IPV6):
        for found in form.finditer(text):
            if _is_public_address(found[0]) and not _NUMBERING.search(text[: found.start()][-_CONTEXT_CHARACTERS:]):
                yield Span(Personal.IP, *found.span())


def _is_public_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _phones(text: str) -> Iterator[Span]:
    """Numbers with a country code, and such that stand after a word for a telephone; all valid in their country."""
    for found in _PHONE.finditer(text):
        before = text[: found.start()][-_CONTEXT_CHARACTERS:]
        international = found[0].startswith("+")
        if (international or _PHONE_WORDS.search(before)) and _is_phone(found[0], international):
            yield Span(Personal.PHONE, *found.span())


def _is_phone(text: str, international: bool) -> bool:
    # A third of a second to import, for numbers that few texts hold.
    import phonenumbers

    for region in (None,) if international else _PHONE_REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _private_keys(text: str) -> Iterator[Span]:
    return (Span(Personal.PRIVATE_KEY, *found.span()) for found in _PRIVATE_KEY.finditer(text))


def _tokens(text: str) -> Iterator[Span]:
    yield from (Span(Personal.TOKEN, *found.span()) for found in _TOKEN.finditer(text))
    for found in _NAMED_SECRET.finditer(text):
        if _looks_random(found[1]):
            yield Span(Personal.TOKEN, *found.span(1))


def _passwords(text: str) -> Iterator[Span]:
    for form in (_PASSWORD, _PASSWORD_IN_URL):
        for found in form.finditer(text):
            # "password: required" is none, nor is one that was masked.
            if not found[1].isalpha() and not found[1].startswith("["):
                yield Span(Personal.PASSWORD, *found.span(1))


def _looks_random(text: str) -> bool:
    """Letters and digits, with as many bits a character as keys have (Shannon's entropy of its characters)."""
    shares = [count / len(text) for count in Counter(text).values()]
    mixed = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return mixed and -sum(share * math.log2(share) for share in shares) >= _SECRET_BITS


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


_FINDERS: dict[Personal, Callable[[str], Iterator[Span]]] = {
    Personal.PRIVATE_KEY: _private_keys,
    Personal.TOKEN: _tokens,
    Personal.PASSWORD: _passwords,
    Personal.EMAIL: _emails,
    Personal.IBAN: _ibans,
    Personal.CARD: _cards,
    Personal.CPF: _cpfs,
    Personal.CNPJ: _cnpjs,
    Personal.PHONE: _phones,
    Personal.IP: _addresses,
}
