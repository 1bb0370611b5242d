from __future__ import annotations

import pytest

from lorastudio.domain.errors import BugError
from lorastudio.store.gate_looks import begin_look, finish_look, last_report, list_looks
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions
from lorastudio.store.library import Library
from tests.store.samples import new_version


@pytest.fixture(autouse=True)
def set_up(library: Library) -> None:
    add_gate_questions(library, [NewGateQuestion("a?", "a", "en")])
    new_version(library, 1)
    new_version(library, 2)


def test_looks_are_counted_over_all_versions_when_they_finish(library: Library) -> None:
    first = begin_look(library, 1, "base", 5)
    assert (first.number, first.seed_base, first.report) == (1, 5, None)
    finish_look(library, first.id, {"verdict": "better"})
    second = begin_look(library, 2, "version 1", 6)
    assert second.number == 2
    finish_look(library, second.id, {"verdict": "worse"})
    assert [look.number for look in list_looks(library)] == [1, 2]
    assert [look.id for look in list_looks(library, 2)] == [second.id]
    assert begin_look(library, 1, "base", 7).number == 3


def test_a_killed_look_is_taken_up_with_its_own_seeds(library: Library) -> None:
    killed = begin_look(library, 1, "base", 5)
    again = begin_look(library, 1, "base", 99)
    assert (again.id, again.number, again.seed_base) == (killed.id, 1, 5)


def test_a_killed_look_counts_what_was_finished_since(library: Library) -> None:
    killed = begin_look(library, 1, "base", 5)
    finish_look(library, begin_look(library, 2, "base", 6).id, {})
    assert begin_look(library, 1, "base", 7).number == 2
    assert begin_look(library, 1, "version 2", 7).id != killed.id


def test_fresh_questions_begin_a_fresh_count(library: Library) -> None:
    finish_look(library, begin_look(library, 1, "base", 5).id, {})
    add_gate_questions(library, [NewGateQuestion("b?", "b", "en")])
    assert begin_look(library, 1, "base", 5).number == 1


def test_the_last_report_of_a_version_is_found(library: Library) -> None:
    assert last_report(library, 1) is None
    for gain in (3.0, 7.0):
        finish_look(library, begin_look(library, 1, "base", 5).id, {"gain": gain})
    begin_look(library, 1, "base", 5)
    assert last_report(library, 1) == {"gain": 7.0}
    assert last_report(library, 2) is None


def test_a_look_finishes_once(library: Library) -> None:
    look = begin_look(library, 1, "base", 5)
    finish_look(library, look.id, {})
    with pytest.raises(BugError, match="not under way"):
        finish_look(library, look.id, {})
