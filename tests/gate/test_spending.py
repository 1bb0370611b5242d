from __future__ import annotations

from lorastudio.gate.spending import is_worn_out, level_of_look, more_questions, resamples_for
from lorastudio.gate.statistics import Comparison


def found(mean: float, spread: float, groups: int = 100) -> Comparison:
    return Comparison(mean, 0.1, 0.9, (mean - 0.05, mean + 0.05), spread, groups)


def test_all_looks_together_spend_at_most_five_percent() -> None:
    levels = [level_of_look(look) for look in range(1, 10_000)]
    assert sum(levels) <= 0.05
    assert max(levels) <= 0.01
    assert levels == sorted(levels, reverse=True)


def test_late_looks_get_enough_resamples_to_be_told() -> None:
    assert resamples_for(level_of_look(1)) == 20_000
    for look in (10, 20, 35):
        assert resamples_for(level_of_look(look)) * level_of_look(look) >= 10
    assert not is_worn_out(100)
    assert is_worn_out(1_000)


def test_more_questions_shrink_with_the_gain() -> None:
    small = more_questions(found(0.06, 0.5), 100, 0.05, 0.01)
    large = more_questions(found(0.12, 0.5), 100, 0.05, 0.01)
    assert small is not None
    assert large is not None
    assert large < small


def test_eighty_percent_power_by_the_textbook_formula() -> None:
    # (2.326 + 0.842)² · 0.5² / 0.1² = 250.9
    assert more_questions(found(0.10, 0.5), 100, 0.05, 0.01) == 251 - 100


def test_a_gain_shown_to_be_too_small_has_no_number() -> None:
    assert more_questions(found(0.0, 0.1, groups=200), 200, 0.05, 0.01) is None
    assert more_questions(found(0.0499, 0.5, groups=200), 200, 0.05, 0.01) is None  # over 10,000


def test_a_small_set_is_first_brought_to_full_size() -> None:
    assert more_questions(found(-0.2, 0.1, groups=12), 12, 0.05, 0.01) == 188


def test_a_sure_gain_on_three_questions_needs_enough_groups_for_the_test() -> None:
    assert more_questions(found(0.5, 0.0, groups=3), 3, 0.05, 0.01) == 7 - 3
