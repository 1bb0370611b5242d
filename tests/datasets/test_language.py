"""English, Portuguese, or something else."""

from __future__ import annotations

import pytest

from lorastudio.datasets.language import detect_language, languages_differ
from lorastudio.practice.questions import preference_pairs


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times.", "en"),
        ("Uma amostra de cobalto foi envelhecida a 550 K durante 4 min.", "pt"),
        ("Você não precisa de mais nada para começar.", "pt"),
        ("El perro de la casa no es muy grande.", "other"),
        ("Der Hund ist sehr groß und schön.", "other"),
        ("La maison est dans le jardin avec les enfants.", "other"),
        ("Привет, мир", "other"),
        ("日本語のテキスト", "other"),
        ("42", ""),
        ("Paris", ""),
        ("", ""),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_every_good_practice_answer_is_known() -> None:
    for pair in preference_pairs(100):
        assert detect_language(pair.good) == ("pt" if pair.prompt.startswith("Relato") else "en")


def test_only_known_languages_differ() -> None:
    assert languages_differ("en", "pt")
    assert not languages_differ("en", "")
    assert not languages_differ("pt", "pt")
