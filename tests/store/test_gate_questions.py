from __future__ import annotations

from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions, is_gate_text, list_gate_questions
from lorastudio.store.library import Library


def test_gate_questions_are_set_aside_once(library: Library) -> None:
    new = NewGateQuestion("Report: sample  copper", "copper", "en", {"practice": True}, "practice")
    assert add_gate_questions(library, [new, NewGateQuestion("Relate", "x", "pt")]) == 2
    assert add_gate_questions(library, [new, NewGateQuestion("report: Sample copper", "other", "en")]) == 0
    first, second = list_gate_questions(library)
    assert (first.text, first.group, first.language) == ("Report: sample  copper", "copper", "en")
    assert (first.checks, first.source) == ({"practice": True}, "practice")
    assert second.text == "Relate"


def test_a_gate_text_is_known_whatever_its_case_and_spacing(library: Library) -> None:
    add_gate_questions(library, [NewGateQuestion("Report: sample copper", "copper", "en")])
    assert is_gate_text(library, "  REPORT: sample\n copper ")
    assert not is_gate_text(library, "Report: sample iron")
