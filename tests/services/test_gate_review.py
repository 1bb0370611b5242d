"""The questions that decided a look, from the answers that the look left on disk."""

from __future__ import annotations

import json

from lorastudio.services.gate_answers import SAMPLES, answer_id
from lorastudio.services.gate_review import deciding_questions
from lorastudio.services.gating import GATES, WORDS_FILE
from lorastudio.store.gate_looks import begin_look, finish_look
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions, list_gate_questions
from lorastudio.store.library import Library
from tests.store.samples import new_version

SHORT, LONG = "Two words.", "These are far too many words."


def write_look(library: Library, answers: dict[str, list[list[str]]], words: list[int | None]) -> None:
    """A finished look at version 1: by contestant and question the texts of its samples; and the judge's words."""
    look = begin_look(library, new_version(library).version, "base", 0)
    folder = library.home / GATES / str(look.id)
    folder.mkdir(parents=True)
    questions = list_gate_questions(library)
    records = [
        {"adapter": name, "id": answer_id(question, sample), "text": text, "tokens": 3, "finish_reason": "stop"}
        for name, texts in answers.items()
        for question, samples in zip(questions, texts, strict=True)
        for sample, text in enumerate(samples)
    ]
    (folder / "sample.out.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    judged = [
        {"against": "base", "question": question.id, "word": word}
        for question, word in zip(questions, words, strict=True)
        if word is not None
    ]
    (folder / WORDS_FILE).write_text("".join(json.dumps(record) + "\n" for record in judged))
    finish_look(library, look.id, {"verdict": "better"})


def test_the_clearest_comes_first_with_answers_that_show_it(empty_library: Library) -> None:
    checks = {"max_words": 3}
    add_gate_questions(
        empty_library,
        [NewGateQuestion(text, text, "en", checks) for text in ("A?", "B?", "C?")]
        + [NewGateQuestion("D?", "D?", "en")],
    )
    half = [SHORT] * (SAMPLES // 2) + [LONG] * (SAMPLES // 2)
    write_look(
        empty_library,
        {
            "candidate": [[SHORT] * SAMPLES, half, [LONG] * SAMPLES, ["ours"] * SAMPLES],
            "base": [[SHORT] * SAMPLES, [LONG] * SAMPLES, [SHORT] * SAMPLES, ["theirs"] * SAMPLES],
        },
        [None, None, None, 1],
    )
    found = deciding_questions(empty_library, 1)
    assert [(item.question, item.difference) for item in found] == [("C?", -1.0), ("D?", 1.0), ("B?", 0.5)]
    assert (found[0].candidate, found[0].candidate_fails) == (LONG, ("max_words",))
    assert (found[0].against, found[0].against_fails) == (SHORT, ())
    assert (found[1].candidate, found[1].against) == ("ours", "theirs")
    assert (found[2].candidate, found[2].against) == (SHORT, LONG)


def test_nothing_is_told_of_a_version_that_was_never_judged(empty_library: Library) -> None:
    assert deciding_questions(empty_library, new_version(empty_library).version) == []
