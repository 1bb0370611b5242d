"""Base models from the hub: what a download would take, the download itself, and the access token for it.

The download runs in a data child: it can be stopped, and killed, at any moment, and goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError, UsageError
from lorastudio.domain.events import Event
from lorastudio.endpoints.secrets import Keychain
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import DEFAULT_ENDPOINT
from lorastudio.hub.model import HubModel, hub_model
from lorastudio.services.base_models import choose_base, missing_from_here
from lorastudio.services.data_jobs import events_apart
from lorastudio.store.library import Library

ENDPOINT_VARIABLE = "HF_ENDPOINT"
OFFLINE_VARIABLE = "HF_HUB_OFFLINE"
TOKEN_VARIABLE = "HF_TOKEN"
KEPT = "What was fetched is kept; download again to go on."


def plan_download(model: str, logs: Path, cancel: CancelToken) -> Iterator[Event]:
    """What downloading `owner/name[@revision]` would take; the last event is `DownloadPlanned`."""
    return _in_child(hub_model(model), logs, cancel, plan_only=True)


def download_model(model: str, logs: Path, cancel: CancelToken) -> Iterator[Event]:
    """Download what is missing of `owner/name[@revision]`; the first event but warnings is `DownloadPlanned`, the last
    one `DownloadDone`. Raises `KnownError` in plain words; what was fetched is kept, whatever happens."""
    return _in_child(hub_model(model), logs, cancel, plan_only=False)


def ensure_base(base: str, logs: Path, cancel: CancelToken) -> Iterator[Event]:
    """Download a base model unless it is on this machine, or can't be on the hub; no events where nothing is done.

    Afterwards `base_models.pinned_base` gives its name for good. Raises what `download_model` raises.
    """
    missing = missing_from_here(base)
    if missing is not None:
        yield from download_model(str(missing), logs, cancel)


def use_base(library: Library, base: str, cancel: CancelToken) -> Iterator[Event]:
    """Make `base` the library's base model, after downloading it if need be; raises what these two raise."""
    yield from ensure_base(base, library.home / "logs", cancel)
    choose_base(library, base)


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
    ended = KnownError("The process that downloads ended", KEPT)
    try:
        yield from events_apart(logs, order, ended, cancel)
    except Cancelled:
        raise Cancelled("Stopped; what was downloaded is kept.", "The next download goes on from there.") from None


def _token() -> str | None:
    """The keychain's token, else the one that Hugging Face's own tools take from the environment."""
    return Keychain().hub_token() or os.environ.get(TOKEN_VARIABLE) or None
