"""What counts as the same short answer, and, more important, what never does."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.services.verification.short_answers import Kind, short_form, without_accents

SAME = [
    (
        "42",
        "en",
        [
            "The answer is **42**.",
            "42.0",
            "forty-two → \\boxed{42}",
            "$42$",
            "Answer: 42",
            "**Answer:** 42",
            "**The answer is 42.**",
            "Thus, it is 42.",
        ],
    ),
    ("1234.5", "en", ["1,234.5", "1 234.5", "1.2345e3", "1.2345 × 10^3", "$1.2345 \\times 10^{3}$", "2469/2"]),
    ("1234,5", "pt", ["1.234,5", "A resposta é: 1234,5", "1.234,50"]),
    ("1/2", "", ["0.5", "\\frac{1}{2}", "½", ".5", "0,5"]),
    ("-3", "", ["−3", "The answer is -3."]),
    ("5 km", "en", ["5000 m", "5 kilometres", "5,000 meters", "5 \\text{ km}"]),
    ("90 s", "pt", ["1,5 min", "90 segundos", "0,025 h"]),
    ("25 °C", "", ["25^{\\circ}C", "25ºC", "25 °C."]),
    ("R$ 1.234,50", "pt", ["R$1234,50", "r$ 1.234,5"]),
    ("20 July 1969", "en", ["July 20, 1969", "1969-07-20", "20th July 1969", "Jul 20 1969"]),
    ("20 de julho de 1969", "pt", ["20/07/1969", "20.7.1969", "1969-07-20"]),
    ("(b)", "", ["B", "b.", "Option B", "alternativa b", "The answer is B."]),
    ("Yes.", "en", ["yes", "YES!", "Sim", "The answer is yes."]),
    ("Não", "pt", ["no", "nao.", "A resposta é não."]),
    ("Falso", "pt", ["false", "FALSE."]),
    ("São Paulo", "pt", ["SAO PAULO", "são  paulo.", "A resposta final é **São Paulo**.", "“São Paulo”"]),
    ("The Pacific Ocean", "en", ["pacific ocean", "It's the Pacific Ocean.", "`Pacific Ocean`"]),
    ("three", "en", ["3", "três", "3.0"]),
    ("Two plus two makes four.\nSo we add.\n\nThe final answer is: 4", "en", ["4", "four"]),
]
DIFFERENT = [
    ("42", "24", "en"),
    ("1,234", "1.234", "en"),
    ("1,234", "1234", ""),  # may be 1.234
    ("05/03/2024", "2024-03-05", "en"),  # may be the third of May
    ("5 m", "5", ""),
    ("5 m", "5 km", ""),
    ("5 mW", "5 MW", ""),
    ("50%", "0.5", ""),
    ("25 °C", "25 K", ""),
    ("$5", "€5", ""),
    ("10²", "102", ""),
    ("3½", "31/2", ""),
    ("2*3*4", "234", ""),
    ("x = -3", "x = 3", ""),
    ("Co", "CO", ""),
    ("C++", "C#", ""),
    ("B) 42", "B) 17", ""),
    ("C. Darwin", "C. Lyell", "en"),
    ("yes", "no", ""),
    ("yes", "true", ""),
    ("guilty", "not guilty", "en"),
    ("No, it is 5", "No, it is 6", "en"),
    ("3.5.1", "351", ""),
    ("5!", "5", ""),
    ("n! + 1", "n + 1", ""),
    ("p and !q", "p and q", ""),
    ("A*", "A", ""),
    ("f'", "f", ""),
    ("x-y", "x y", ""),
    ("m = V", "M = v", ""),
    ("A positivo", "O positivo", "pt"),
    ("- 42", "-42", ""),
    ("2 x 103", "2000", ""),
    ("0x105", "0", ""),
    ("$5 to $10", "5 to 10", ""),
    ("$5-$10", "5-10", ""),
    ("12:30", "1230", ""),
    ("がんばる", "かんばる", ""),
    ("~5", "5", ""),
    ("It is not Paris", "Paris", "en"),
    ("example.com", "example com", ""),
    ("1e400", "1e401", ""),
    ("1/0", "2/0", ""),
]


@pytest.mark.parametrize(("text", "language", "others"), SAME)
def test_what_is_put_in_other_ways_is_the_same(text: str, language: str, others: list[str]) -> None:
    form = short_form(text, language)
    assert form is not None
    for other in others:
        same = short_form(other, language)
        assert same is not None, other
        assert (same.kind, same.key) == (form.kind, form.key), other


@pytest.mark.parametrize(("one", "other", "language"), DIFFERENT)
def test_what_differs_never_becomes_the_same(one: str, other: str, language: str) -> None:
    first, second = short_form(one, language), short_form(other, language)
    assert first is not None
    assert second is not None
    assert (first.kind, first.key) != (second.kind, second.key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "The answer is 5. Wait, it is 6.",
        "First \\boxed{5}, then \\boxed{6}.",
        "The sky is blue because short waves of light are scattered by the air far more.",
        "Answer:\n1. one\n2. two",
        "The reactor is old and stands in a hall of its own by the river bank. It's blue.",
        "*" * 5000,
        "The answer is " + "9" * 100,
    ],
)
def test_long_answers_without_one_result_have_no_short_form(text: str) -> None:
    assert short_form(text, "en") is None


def test_the_result_is_the_answers_own_text_without_what_is_around_it() -> None:
    form = short_form("The moon is made of cheese.\nThe answer is **São Paulo**.", "pt")
    assert form is not None
    assert (form.result, form.key, form.exact) == ("São Paulo", "sao paulo", "são paulo")


@given(st.text(max_size=120), st.sampled_from(["en", "pt", ""]))
def test_any_text_has_a_form_or_none_and_the_same_each_time(text: str, language: str) -> None:
    form = short_form(text, language)
    assert form == short_form(text, language)
    if form is not None:
        assert form.key
        assert len(form.result) <= 80


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.sampled_from(["en", "pt", ""]))
def test_whole_numbers_are_the_same_only_when_they_are(one: int, other: int, language: str) -> None:
    first, second = short_form(f"The answer is {one}.", language), short_form(str(other), language)
    assert first is not None
    assert second is not None
    assert (first.kind, first.key) == (Kind.NUMBER, str(one))
    assert (first.key == second.key) is (one == other)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=2), st.sampled_from(["en", "pt"]))
def test_a_number_reads_the_same_with_and_without_thousands(number: object, language: str) -> None:
    plain, grouped = f"{number:f}", f"{number:,}"
    if language == "pt":
        swap = str.maketrans(",.", ".,")
        plain, grouped = plain.translate(swap), grouped.translate(swap)
    for text in (plain, grouped):
        form = short_form(text, language)
        assert form is not None
        assert form.key == str(Fraction(str(number)))


@given(st.text(st.characters(categories=["Ll", "Lu"], max_codepoint=0x17F), min_size=4, max_size=20))
def test_case_blanks_accents_and_end_signs_change_nothing(word: str) -> None:
    plain = short_form(word)
    assert plain is not None
    for other in (
        f"  {word.upper()}.",
        f"**{word}**",
        f"“{word.lower()}”.",
        f"The answer is {word}.",
        f"\\boxed{{{word}}}",
    ):
        form = short_form(other)
        assert form is not None
        if other.casefold().count(word.casefold()):  # some letters have no upper case of their own
            assert (form.kind, form.key) == (plain.kind, plain.key)
    assert without_accents(without_accents(word)) == without_accents(word)
