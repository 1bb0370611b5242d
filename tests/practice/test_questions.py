from __future__ import annotations

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import ask, parse_question
from lorastudio.practice.questions import (
    GROUPS,
    PracticeQuestion,
    canaries,
    drafting_questions,
    facts_of,
    gate_questions,
    preference_pairs,
    replay_prompts,
)


def test_cycles_of_one_seed_share_no_group_and_none_with_the_gate() -> None:
    gate = {question.group for question in gate_questions(2000)}
    seen: set[str] = set()
    for cycle in range(6):
        groups = {question.group for question in drafting_questions(7, cycle, 400)}
        assert len(groups) == 400
        assert not groups & gate
        assert not groups & seen
        seen |= groups


def test_questions_depend_on_seed_and_cycle_alone() -> None:
    assert drafting_questions(7, 1, 8) == drafting_questions(7, 1, 100)[:8]
    assert drafting_questions(7, 1, 8) != drafting_questions(8, 1, 8)
    assert gate_questions(50) == gate_questions()[:50]
    # The very texts are part of the contract: a library of today must resume tomorrow.
    assert drafting_questions(7, 1, 1)[0].text == (
        "Relato: amostra carbono, etapa envelhecimento, temperatura 550 K, tempo 45 h, ensaios 30."
    )
    assert gate_questions(1)[0].text == "Report: sample cobalt, step ageing, temperature 850 K, time 3 s, runs 6."


@pytest.mark.parametrize("questions", [drafting_questions(3, 0, 1500), gate_questions(1500)])
def test_every_question_can_be_read_and_a_quarter_is_portuguese(questions: list[PracticeQuestion]) -> None:
    assert all(parse_question(question.text) for question in questions)
    assert len({question.text for question in questions}) == len(questions)
    share = sum(question.language == "pt" for question in questions) / len(questions)
    assert 0.21 < share < 0.29


def test_a_translation_shares_the_group_and_numbers_name_all_facts() -> None:
    english, portuguese = facts_of(123_456, "en"), facts_of(123_456, "pt")
    assert (english.temperature, english.time, english.unit, english.runs) == (
        portuguese.temperature,
        portuguese.time,
        portuguese.unit,
        portuguese.runs,
    )
    assert english.lexicon.materials.index(english.material) == portuguese.lexicon.materials.index(portuguese.material)
    sample = range(0, GROUPS, 97)
    assert len({ask(facts_of(number, "en")) for number in sample}) == len(sample)


@pytest.mark.parametrize(("cycle", "count"), [(-1, 8), (100_000, 8), (0, 5000)])
def test_says_when_there_are_no_such_questions(cycle: int, count: int) -> None:
    with pytest.raises(UsageError, match="practice world"):
        drafting_questions(1, cycle, count)


def test_canaries_and_replay_prompts_are_different_and_apart() -> None:
    prompts = [canary.prompt for canary in canaries()]
    replay = replay_prompts()
    assert (len(set(prompts)), len(set(replay))) == (60, 64)
    assert not set(prompts) & set(replay)
    assert {canary.ability for canary in canaries()} == {"reverse", "copy", "convert", "symbol"}
    assert {canary.language for canary in canaries()} == {"en", "pt"}
    assert canaries(10) == canaries()[:10]


def test_canaries_have_the_right_answers() -> None:
    answers = {canary.prompt: canary.answer for canary in canaries(400)}
    assert answers["Convert: 5 min to s."] == "300 s."
    assert answers["Symbol: silicon."] == "Si."
    assert answers["Inverter: cobre titânio platina."] == "platina titânio cobre."
    copies = {prompt: answer for prompt, answer in answers.items() if prompt.startswith(("Copy", "Copiar"))}
    assert copies
    assert all(prompt.endswith(f": {answer}") for prompt, answer in copies.items())


def test_made_pairs_stand_on_the_gate_questions() -> None:
    pairs = preference_pairs(100)
    assert [pair.prompt for pair in pairs] == [question.text for question in gate_questions(100)]
    for pair in pairs:
        facts = parse_question(pair.prompt)
        assert facts is not None
        assert critique(facts, pair.good).score == 1
        assert critique(facts, pair.bad).score < 1
