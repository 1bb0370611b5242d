"""Conversations as token ids, always through the model's own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation, Message, as_records
from lorastudio.worker.base_model import BaseModel


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
    """Turns messages into ids and ids into text for one base model."""

    def __init__(self, base: BaseModel) -> None:
        if not base.tokenizer.has_chat_template:
            raise KnownError(f"The model at {base.path} has no chat template.", "Choose an instruction-tuned model.")
        self._tokenizer: Any = base.tokenizer
        self.end_ids = frozenset(base.tokenizer.eos_token_ids)

    def encode_prompt(self, conversation: Conversation) -> tuple[int, ...]:
        """The ids of a conversation up to where the answer starts."""
        return self._apply(conversation, add_generation_prompt=True)

    def encode_answer(self, conversation: Conversation, answer: str) -> Encoded:
        """The ids of prompt and answer; `NotTrainable` when they don't split cleanly."""
        if not answer.strip():
            raise NotTrainable("the answer is empty")
        prompt = self.encode_prompt(conversation)
        whole = self._apply((*conversation, Message("assistant", answer)), add_generation_prompt=False)
        if len(whole) <= len(prompt) or whole[: len(prompt)] != prompt:
            raise NotTrainable("the chat template does not put the answer right after the prompt")
        return Encoded(prompt, self._up_to_end(whole[len(prompt) :]))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of answer ids, without special tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def token_text(self, token: int) -> str:
        """One token as text, for lists of log-probabilities."""
        text: str = self._tokenizer.decode([token])
        return text

    def _up_to_end(self, answer: tuple[int, ...]) -> tuple[int, ...]:
        """Through the last end-of-turn token; what a template puts after it (a line break) is never generated."""
        ends = [index for index, token in enumerate(answer) if token in self.end_ids]
        if not ends:
            raise NotTrainable("the chat template does not close the answer with an end token")
        return answer[: ends[-1] + 1]

    def _apply(self, conversation: Conversation, *, add_generation_prompt: bool) -> tuple[int, ...]:
        try:
            ids = self._tokenizer.apply_chat_template(
                as_records(conversation), add_generation_prompt=add_generation_prompt
            )
        except TemplateError as error:
            raise NotTrainable(f"the model's chat template refuses this conversation ({error})") from error
        except (TypeError, UnicodeEncodeError) as error:  # tokenizers call it a wrong type
            raise NotTrainable("the conversation holds half of a character (a lone surrogate)") from error
        return tuple(ids)
