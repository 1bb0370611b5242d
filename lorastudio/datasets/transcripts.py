"""Conversations written down as one text: HH-RLHF's "Human:" and "Assistant:", Alpaca's headings, tags of templates."""

from __future__ import annotations

import re

from lorastudio.domain.messages import Conversation, Message, Speaker

# Each kind: how a turn begins (its speaker in the group), and what is cut off at its end.
_HUMAN_ASSISTANT = re.compile(r"(?:\A|\n\n)[ \t]*(Human|Assistant): ?")
_KINDS = (
    _HUMAN_ASSISTANT,
    re.compile(r"(?:\A|\n)### ?(Instruction|Input|Response|Output|Human|User|Assistant|System): ?\n?"),
    re.compile(r"(?:<\|im_end\|>)?\s*<\|im_start\|>(system|user|assistant)\n"),
    re.compile(
        r"(?:<\|eot_id\|>)?(?:<\|begin_of_text\|>)?<\|start_header_id\|>(system|user|assistant)<\|end_header_id\|>\n\n"
    ),
    re.compile(r"\s*<\|(system|user|assistant)\|>\n"),
)
_ENDS = re.compile(r"(?:\s*(?:<\|im_end\|>|<\|eot_id\|>|<\|end\|>|<\|endoftext\|>|</s>))+\s*\Z")
_ROLES: dict[str, Speaker] = {
    "Human": "user",
    "User": "user",
    "user": "user",
    "Instruction": "user",
    "Input": "user",
    "Assistant": "assistant",
    "assistant": "assistant",
    "Response": "assistant",
    "Output": "assistant",
    "System": "system",
    "system": "system",
}


def human_assistant(text: str) -> Conversation | None:
    """The turns of an HH-RLHF transcript; None when the text does not begin as one."""
    return _turns(text, _HUMAN_ASSISTANT) if _HUMAN_ASSISTANT.match(text) else None


def transcript(text: str) -> Conversation | None:
    """The turns of a text in any of the kinds, from the first kind that it has an answer in; None for other texts."""
    for kind in _KINDS:
        if kind.search(text):
            turns = _turns(text, kind)
            if any(turn.role == "user" for turn in turns) and any(turn.role == "assistant" for turn in turns):
                return turns
    return None


def _turns(text: str, kind: re.Pattern[str]) -> Conversation:
    """What stands before the first turn is the system's word; turns of one speaker in a row are one turn."""
    parts = kind.split(text)
    said = [("system", parts[0]), *((_ROLES[who], what) for who, what in zip(parts[1::2], parts[2::2], strict=True))]
    turns: list[Message] = []
    for role, words in said:
        content = _ENDS.sub("", words).strip()
        if turns and turns[-1].role == role:
            turns[-1] = Message(turns[-1].role, f"{turns[-1].content}\n\n{content}".strip())
        elif content or role == "assistant":
            turns.append(Message(_speaker(role), content))
    return tuple(turns)


def _speaker(role: str) -> Speaker:
    return _ROLES.get(role, "system")
