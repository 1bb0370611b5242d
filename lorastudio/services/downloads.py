"""Base models from the hub: what a download would take, the download itself, and the access token for it.

The download runs in a data child: it can be stopped, and killed, at any moment, and goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.download_events import DownloadDone
from lorastudio.domain.errors import BugError, KnownError, UsageError
from lorastudio.domain.events import Event
from lorastudio.endpoints.secrets import Keychain
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import DEFAULT_ENDPOINT
from lorastudio.hub.model import HubModel, hub_model
from lorastudio.services.base_models import choose_base, missing_from_here, pinned_base
from lorastudio.services.data_jobs import events_apart
from lorastudio.store.library import Library

ENDPOINT_VARIABLE = "HF_ENDPOINT"
OFFLINE_VARIABLE = "HF_HUB_OFFLINE"
TOKEN_VARIABLE = "HF_TOKEN"


def plan_download(model: str, logs: Path, cancel: CancelToken) -> Iterator[Event]:
    """What downloading `owner/name[@revision]` would take; the last event is `DownloadPlanned`."""
    return _in_child(hub_model(model), logs, cancel, plan_only=True)


def download_model(model: str, logs: Path, cancel: CancelToken) -> Iterator[Event]:
    """Download what is missing of `owner/name[@revision]`; the first event but warnings is `DownloadPlanned`, the last
    one `DownloadDone`. Raises `KnownError` in plain words; what was fetched is kept, whatever happens."""
    return _in_child(hub_model(model), logs, cancel, plan_only=False)


def ready_base(base: str, logs: Path, cancel: CancelToken) -> Generator[Event, None, str]:
    """Make sure that a base model is on this machine, by downloading it if need be.

    Returns the name to remember: a hub name comes back pinned to a commit, so that it means the same files later.
    Raises `KnownError` when there is no such model here or on the hub.
    """
    missing = missing_from_here(base)
    if missing is None:
        return pinned_base(base)
    for event in download_model(str(missing), logs, cancel):
        yield event
        if isinstance(event, DownloadDone):
            return pinned_base(event.model)
    raise BugError(f"The download of {missing} ended without a word.")


def use_base(library: Library, base: str, cancel: CancelToken) -> Iterator[Event]:
    """Make `base` the library's base model, after downloading it if need be; raises what `ready_base` raises."""
    choose_base(library, (yield from ready_base(base, library.home / "logs", cancel)))


def keep_hub_token(token: str) -> str:
    """Keep the access token for gated and private models; returns in words where. `KnownError` where nothing lasts."""
    keychain = Keychain()
    if not keychain.lasting:
        raise KnownError(
            "This system has no keychain that could keep a token.", f"Set {TOKEN_VARIABLE} where it is needed."
        )
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise UsageError("The access token holds blanks or characters that can't be sent.", "Enter it again.")
    keychain.set_hub_token(token)
    return keychain.place


def forget_hub_token() -> None:
    """Take the access token out of the keychain; no error when there is none."""
    Keychain().delete_hub_token()


def _in_child(model: HubModel, logs: Path, cancel: CancelToken, *, plan_only: bool) -> Iterator[Event]:
    if os.environ.get(OFFLINE_VARIABLE, "").upper() in ("1", "ON", "YES", "TRUE"):
        raise KnownError(
            f"{model} is not downloaded: {OFFLINE_VARIABLE} keeps this program off the hub.",
            "Unset it, or choose a model that is on this machine.",
        )
    order = {
        "type": "download",
        "model": str(model),
        "plan_only": plan_only,
        "endpoint": os.environ.get(ENDPOINT_VARIABLE) or DEFAULT_ENDPOINT,
        "cache": str(HubCache.of_environment().root),
        "token": _token(),
    }
    ended = KnownError("The process that downloads ended", "What was fetched is kept; download again to go on.")
    yield from events_apart(logs, order, ended, cancel)


def _token() -> str | None:
    """The keychain's token, else the one that Hugging Face's own tools take from the environment."""
    return Keychain().hub_token() or os.environ.get(TOKEN_VARIABLE) or None
