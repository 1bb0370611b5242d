"""Double encoding is taken back; what only looks like it is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.mojibake import repair

SOUND = [
    "é",
    "não é fácil: ação, ÁÉÍÓÚ — “aspas” ✅ 😀 à À",
    "Привет мир",
    "żółć może",
    "MAÇÃ e NÃO",
    "naïve café",
    "日本語テスト",
]
LOOKS_DAMAGED = [
    "AMANHÃ… será",
    "A IRMÃ”",
    "marché\u00a0»",
    "CAFÉ» e",
    "»PÅ» svenska",
    "10 °C ± 2 µm",
    "São João",
    "Ã",
    "IRMÃ»",
    "ÂNGULO",
    "l’été\xa0: «\xa0marché\xa0»",
    "Straße «Ü»",
]


def damaged(text: str) -> str:
    """UTF-8 read as Windows-1252, as browsers do it."""
    return "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("text", SOUND)
def test_double_encoding_is_taken_back(text: str) -> None:
    assert repair(damaged(text)) == text
    assert repair(damaged(damaged(text))) == text
    assert repair(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize("text", [*SOUND, *LOOKS_DAMAGED])
def test_sound_text_is_left_alone(text: str) -> None:
    assert repair(text) == text


def test_damage_beside_sound_text_is_repaired_alone() -> None:
    assert repair("é e depois Ã© e âœ…") == "é e depois é e ✅"


@given(st.text())
def test_repair_never_raises_and_is_stable(text: str) -> None:
    once = repair(text)
    assert repair(once) == once
