"""The base model: what can be one, what its download would take, and choosing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.download_events import DownloadPlanned
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class NamedBase:
    """What was typed: `model` is the model of the hub that has to be downloaded for it, empty when it is here."""

    text: str
    model: str


@dataclass(frozen=True, slots=True)
class LookedUp(Event):
    """What a download would take, or why there can be none."""

    event: ClassVar[str] = "looked_up"
    planned: DownloadPlanned | None
    problem: str = ""


def look_for_base(library: Library, text: str) -> NamedBase:
    """Whether a base model is on this machine; `KnownError` for what can be neither here nor on the hub."""
    from lorastudio.services.base_models import missing_from_here, resolve_base

    if (missing := missing_from_here(text)) is not None:
        return NamedBase(text, str(missing))
    resolve_base(text)
    return NamedBase(text, "")


def choose_base(library: Library, text: str) -> Changes:
    """Make a model that is here the library's base."""
    from lorastudio.services import base_models

    base_models.choose_base(library, text)
    return Changes()


def look_up(library: Library, servers: LocalServers, cancel: CancelToken, model: str, token: str) -> Iterator[Event]:
    """What a model's download would take, in one `LookedUp`; a token that was typed goes to the keychain first."""
    from lorastudio.bridge.failures import in_plain_words
    from lorastudio.services import downloads

    try:
        if token:
            downloads.keep_hub_token(token)
        *_, planned = downloads.plan_download(model, library.home / "logs", cancel)
    except Cancelled:
        raise
    except KnownError as error:
        yield LookedUp(None, str(in_plain_words(error)))
    else:
        yield LookedUp(planned if isinstance(planned, DownloadPlanned) else None)


def fetch_base(library: Library, servers: LocalServers, cancel: CancelToken, model: str) -> Iterator[Event]:
    """Download a model and make it the library's base; ends with `DownloadDone`."""
    from lorastudio.services.downloads import use_base

    yield from use_base(library, model, cancel)
