"""Conversations as tokens through templates that behave like those of the families."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorastudio.domain.messages import Conversation, Message, user
from lorastudio.worker.conversations import ChatCodec, NotTrainable, thinking_switch
from lorastudio.worker.thinking import ThinkingSwitch
from lorastudio.worker.told_day import with_told_day
from tests.worker.chat_templates import DEEPSEEK_R1, LLAMA_3, MARKS, PHI_3, PLAIN, QWEN_3, THINKING, templated_base

END = MARKS.index("<end>")
OFF, ON = ThinkingSwitch(enabled=False), ThinkingSwitch(enabled=True)
CLOSED = ThinkingSwitch(enabled=False, closing="\n</think>\n\n")
LONG: Conversation = (*user("b1 b2"), Message("assistant", "c1"), Message("user", "d1 d2"))
THOUGHTFUL: Conversation = (*user("b1"), Message("assistant", "<think>\nh1\n</think>\n\nc1"), Message("user", "d1"))


def codec_of(tmp_path: Path, template: str, thinking: ThinkingSwitch | None = None) -> ChatCodec:
    return ChatCodec(templated_base(tmp_path / "model", template), thinking)


@pytest.mark.parametrize("conversation", [user("b1 b2"), LONG])
@pytest.mark.parametrize("family", [*PLAIN, *THINKING])
def test_the_answer_follows_the_very_prompt_and_ends_its_turn(
    tmp_path: Path, family: str, conversation: Conversation
) -> None:
    codec = codec_of(tmp_path, (PLAIN | THINKING)[family])
    encoded = codec.encode_answer(conversation, "a1 a2")
    assert encoded.prompt == codec.encode_prompt(conversation)
    assert encoded.answer[-1] == END and END not in encoded.answer[:-1]
    assert codec.decode(encoded.answer).strip() == "a1 a2"


@pytest.mark.parametrize(
    ("family", "switch"), [("qwen3", OFF), ("qwen3-bare", ON), ("qwen3-thinking", CLOSED), ("deepseek-r1", CLOSED)]
)
def test_answers_without_thoughts_get_the_switch_that_splits_them_cleanly(
    tmp_path: Path, family: str, switch: ThinkingSwitch
) -> None:
    assert codec_of(tmp_path, THINKING[family]).thinking == switch


@pytest.mark.parametrize("family", [*THINKING])
def test_nothing_of_a_thinking_block_is_trained_in_an_answer_without_one(tmp_path: Path, family: str) -> None:
    codec = codec_of(tmp_path, THINKING[family])
    encoded = codec.encode_answer(LONG, "a1")
    assert [codec.token_text(token) for token in encoded.answer] == ["a1", "<end>"]
    assert not codec.leaves_thinking_open(LONG)


def test_the_wrong_switch_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(NotTrainable, match="right after the prompt"):
        codec_of(tmp_path, THINKING["qwen3-bare"], OFF).encode_answer(user("b1"), "a1")


def test_a_family_without_thoughts_has_them_off(tmp_path: Path) -> None:
    base = templated_base(tmp_path / "model", PHI_3)
    assert thinking_switch(base) == thinking_switch(base, answers_think=True) == OFF


@pytest.mark.parametrize("family", ["qwen3", "qwen3-bare", "qwen3-thinking"])
def test_answers_that_think_are_trained_with_their_thoughts(tmp_path: Path, family: str) -> None:
    base = templated_base(tmp_path / "model", THINKING[family])
    switch = thinking_switch(base, answers_think=True)
    assert switch == ON
    codec = ChatCodec(base, switch)
    assert "h1" in codec.decode(codec.encode_answer(user("b1"), "<think>\nh1\n</think>\n\na1").answer)


def test_thoughts_are_not_cut_from_an_answer_without_a_word(tmp_path: Path) -> None:
    answer = "<think>\nh1\n</think>\n\na1"
    with pytest.raises(NotTrainable, match="holds thinking"):
        codec_of(tmp_path, QWEN_3).encode_answer(user("b1"), answer)
    with pytest.raises(NotTrainable):
        codec_of(tmp_path, DEEPSEEK_R1, ON).encode_answer(user("b1"), answer)


def test_thoughts_of_earlier_turns_are_as_the_template_has_them(tmp_path: Path) -> None:
    codec = codec_of(tmp_path, QWEN_3)
    assert "h1" not in codec.decode(codec.encode_prompt(THOUGHTFUL))
    assert codec.encode_answer(THOUGHTFUL, "a1").prompt == codec.encode_prompt(THOUGHTFUL)


def test_what_follows_the_end_of_the_turn_is_not_trained(tmp_path: Path) -> None:
    encoded = codec_of(tmp_path, PHI_3).encode_answer(user("b1"), "a1")
    assert MARKS.index("<over>") not in encoded.answer


def test_an_answer_that_would_end_itself_early_is_left_out(tmp_path: Path) -> None:
    for mark in ("<end>", "<over>"):
        with pytest.raises(NotTrainable, match="ends a turn"):
            codec_of(tmp_path, PHI_3).encode_answer(user("b1"), f"a1 {mark} a2")


def test_an_answer_that_a_template_shortens_is_left_out(tmp_path: Path) -> None:
    shortening = PHI_3.replace("{{ m.content }}", "{{ m.content[:2] }}")
    with pytest.raises(NotTrainable, match="whole answer"):
        codec_of(tmp_path, shortening).encode_answer(user("b1"), "a1 a2")


def test_a_refusal_of_the_template_is_the_reason(tmp_path: Path) -> None:
    told: Conversation = (Message("system", "c1"), *user("b1"))
    with pytest.raises(NotTrainable, match="System role not supported"):
        codec_of(tmp_path, PLAIN["gemma2"]).encode_answer(told, "a1")
    assert codec_of(tmp_path, PLAIN["gemma3"]).encode_answer(told, "a1").answer[-1] == END


def test_a_prompt_has_the_same_tokens_on_every_day(tmp_path: Path) -> None:
    codec = codec_of(tmp_path, LLAMA_3.replace("strftime_now('%d %b %Y')", "'a' ~ strftime_now('%d %b %Y')[1]"))
    assert codec.decode(codec.encode_prompt(user("b1"))).split() == ["a6", "b1"]
    assert with_told_day(PHI_3) == PHI_3


def test_a_switch_survives_json() -> None:
    assert ThinkingSwitch.from_record(CLOSED.as_record()) == CLOSED
    for damaged in ({}, {"enabled": "yes"}, {"enabled": True, "closing": 3}):
        with pytest.raises((KeyError, TypeError)):
            ThinkingSwitch.from_record(damaged)
