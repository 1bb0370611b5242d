"""Conversations as token ids, always through the model's own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation, Message, as_records, user
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.thinking import ThinkingSwitch
from lorastudio.worker.told_day import with_told_day


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and its answer as token ids; `answer` ends with the end-of-turn token."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)

    @property
    def ids(self) -> tuple[int, ...]:
        return self.prompt + self.answer


class NotTrainable(KnownError):
    """This row can't be trained on, for the reason in `message`."""


class ChatCodec:
    """Turns messages into ids and ids into text for one base model, asked one way about thinking.

    `thinking` None: the way in which the template's answers without thinking follow right after their prompts.
    """

    def __init__(self, base: BaseModel, thinking: ThinkingSwitch | None = None) -> None:
        if not base.tokenizer.has_chat_template:
            raise KnownError(f"The model at {base.path} has no chat template.", "Choose an instruction-tuned model.")
        self._tokenizer: Any = base.tokenizer
        template = base.tokenizer.chat_template
        self._template = {"chat_template": with_told_day(template)} if isinstance(template, str) else {}
        self.end_ids = frozenset(base.tokenizer.eos_token_ids)
        self._end_texts = [self._tokenizer.decode([token]) for token in sorted(self.end_ids)]
        self.thinking = thinking_switch(base) if thinking is None else thinking

    def encode_prompt(self, conversation: Conversation) -> tuple[int, ...]:
        """The ids of a conversation up to where the answer starts."""
        return self._ids(self._prompt_text(conversation))

    def encode_answer(self, conversation: Conversation, answer: str) -> Encoded:
        """The ids of prompt and answer; `NotTrainable` when they don't split cleanly.

        The prompt's ids must be a strict prefix of the whole conversation's, so that the answer is trained
        after the very tokens that it will be asked with; and the template must keep all of the answer.
        """
        self._refuse_unanswerable(answer)
        prompt_text, whole_text = self._prompt_text(conversation), self._whole_text(conversation, answer)
        prompt, whole = self._ids(prompt_text), self._ids(whole_text)
        if len(whole) <= len(prompt) or whole[: len(prompt)] != prompt:
            raise NotTrainable("the chat template does not put the answer right after the prompt")
        if not self._keeps(answer, prompt_text, whole_text):
            raise NotTrainable("the chat template does not keep the whole answer")
        return Encoded(prompt, self._up_to_end(whole[len(prompt) :]))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of answer ids, without special tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def token_text(self, token: int) -> str:
        """One token as text, for lists of log-probabilities."""
        text: str = self._tokenizer.decode([token])
        return text

    def leaves_thinking_open(self, conversation: Conversation) -> bool:
        """Whether the prompt ends inside a thinking block."""
        mark = self._tokenizer.think_start
        return mark is not None and self._prompt_text(conversation).rstrip().endswith(mark)

    def _keeps(self, answer: str, prompt_text: str, whole_text: str) -> bool:
        """Whether all of an answer but white space is in the whole conversation, behind the prompt."""
        opens = self._tokenizer.think_start
        if opens is not None and prompt_text.rstrip().endswith(opens):
            answer = answer.lstrip().removeprefix(opens)
        return "".join(answer.split()) in "".join(whole_text[len(prompt_text) :].split())

    def _refuse_unanswerable(self, answer: str) -> None:
        if not answer.strip():
            raise NotTrainable("the answer is empty")
        if any(text and text in answer for text in self._end_texts):
            raise NotTrainable("the answer holds the mark that ends a turn")
        closes = self._tokenizer.think_end
        if not self.thinking.enabled and closes is not None and closes in answer:
            raise NotTrainable("the answer holds thinking, and most answers of this run do not")

    def _prompt_text(self, conversation: Conversation) -> str:
        return self._render(conversation, add_generation_prompt=True) + self.thinking.closing

    def _whole_text(self, conversation: Conversation, answer: str) -> str:
        whole = self._render((*conversation, Message("assistant", answer)), add_generation_prompt=False)
        if not self.thinking.closing:
            return whole
        # The template opens a block in front of an answer to come, but not, or not so, in front of one given:
        # what it writes from the answer on belongs behind the prompt with its block closed.
        prompt = self._prompt_text(conversation)
        header = prompt[: prompt.rindex(self._tokenizer.think_start)]
        if not whole.startswith(header):
            raise NotTrainable("the chat template does not put the answer right after the prompt")
        _, closed, behind = whole[len(header) :].partition(self._tokenizer.think_end)
        return prompt + (behind.lstrip("\n") if closed else whole[len(header) :])

    def _up_to_end(self, answer: tuple[int, ...]) -> tuple[int, ...]:
        """Through the first end-of-turn token; what a template puts after it is never generated."""
        for index, token in enumerate(answer):
            if token in self.end_ids:
                return answer[: index + 1]
        raise NotTrainable("the chat template does not close the answer with an end token")

    def _render(self, conversation: Conversation, *, add_generation_prompt: bool) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(
                as_records(conversation),
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=self.thinking.enabled,
                **self._template,
            )
        except (TemplateError, TypeError) as error:
            raise NotTrainable(f"the model's chat template refuses this conversation ({error})") from error
        return text

    def _ids(self, text: str) -> tuple[int, ...]:
        try:
            return tuple(self._tokenizer.encode(text, add_special_tokens=False))
        except (TypeError, UnicodeEncodeError) as error:  # tokenizers call it a wrong type
            raise NotTrainable("the conversation holds half of a character (a lone surrogate)") from error


def thinking_switch(base: BaseModel, *, answers_think: bool = False) -> ThinkingSwitch:
    """The switch under which answers follow right after their prompts in the base's template.

    Answers without thinking are asked for with thinking off, where that is so (Qwen3); else with thinking on;
    else behind a block that the template opens and we close (DeepSeek-R1).
    """
    off, on = ThinkingSwitch(enabled=False), ThinkingSwitch(enabled=True)
    opens, closes = base.tokenizer.think_start, base.tokenizer.think_end
    if opens is None:
        return off
    if answers_think and _splits(ChatCodec(base, on), f"{opens}\na\n{closes}\n\na"):
        return on
    for switch in (off, on):
        codec = ChatCodec(base, switch)
        if _splits(codec, "a") and not codec.leaves_thinking_open(user("a")):
            return switch
    return ThinkingSwitch(False, f"\n{closes}\n\n") if ChatCodec(base, off).leaves_thinking_open(user("a")) else off


def _splits(codec: ChatCodec, answer: str) -> bool:
    try:
        codec.encode_answer(user("a"), answer)
    except NotTrainable:
        return False
    return True
