"""Whatever goes wrong on a thread, as an error with words for a person."""

from __future__ import annotations

from lorastudio.domain.errors import KnownError


def in_plain_words(error: BaseException) -> KnownError:
    """The error itself if it has words already; a fault of ours goes to the log, and the log is named."""
    if isinstance(error, KnownError):
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
