"""Whatever goes wrong on a thread, as an error with words for a person."""

from __future__ import annotations

import re

from lorastudio.domain.errors import KnownError

_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


def in_plain_words(error: BaseException) -> KnownError:
    """The error itself if it has words already; a fault of ours goes to the log, and the log is named.

    What its hint says of commands of the terminal is left out: the window has buttons for them.
    """
    if isinstance(error, KnownError):
        error.hint = _without_commands(error.hint)
        return error
    from lorastudio.services.logbook import record_failure

    try:
        place = str(record_failure(error))
    except OSError as unwritable:
        place = f"nowhere, since the log can't be written ({unwritable.strerror})"
    return KnownError(
        f"Something went wrong in LoRA Studio itself: {type(error).__name__}.",
        f"The details are in {place}. Help > Copy diagnostics puts them on the clipboard, for a report.",
    )


def _without_commands(hint: str) -> str:
    return " ".join(sentence for sentence in _SENTENCE_END.split(hint) if "lorastudio " not in sentence)
