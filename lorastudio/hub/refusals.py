"""What the hub's refusals mean, in plain words.

Codes: the header `X-Error-Code`, as huggingface_hub reads it (`utils/_http.py`, `hf_raise_for_status`).
"""

from __future__ import annotations

from collections.abc import Mapping

from lorastudio.domain.errors import EndpointError
from lorastudio.endpoints.retry import RETRYABLE_STATUSES, parse_retry_after
from lorastudio.hub.model import HubModel

TOKEN_COMMAND = "`lorastudio model token` keeps one."


def refusal(
    model: HubModel, endpoint: str, status: int, headers: Mapping[str, str], *, has_token: bool
) -> EndpointError:
    """The error for a response with `status` to a question about `model`; retryable where waiting can help."""
    message, hint = _words(model, endpoint, status, headers, has_token)
    return EndpointError(
        message,
        hint,
        status=status,
        retryable=status in RETRYABLE_STATUSES,
        retry_after_s=parse_retry_after(headers.get("retry-after")),
    )


def _words(model: HubModel, endpoint: str, status: int, headers: Mapping[str, str], has_token: bool) -> tuple[str, str]:
    code = headers.get("x-error-code", "")
    if code == "GatedRepo":
        return _gated(model, endpoint, has_token)
    if code == "RevisionNotFound":
        return f"The hub has no revision {model.revision!r} of {model.repository}.", "Check the name after the @."
    if code == "EntryNotFound":
        return f"A file of {model} is gone from the hub.", "Download again; its owner may be changing it."
    if status == 401 and has_token and code != "RepoNotFound":
        return (
            "The hub does not accept your access token.",
            f"Make a new one at {endpoint}/settings/tokens. {TOKEN_COMMAND}",
        )
    if code == "RepoNotFound" or status in (401, 404):
        return (
            f"The hub knows no model {model.repository}, or it is private.",
            f"Check the spelling. A private model needs an access token of its owner. {TOKEN_COMMAND}",
        )
    if status == 403:
        return f"The hub gives no access to {model}.", f"Look at {endpoint}/{model.repository} for the reason."
    if status == 416:
        return f"A file of {model} is cut short on the hub: there is less of it than it told of.", "Try again later."
    if status == 429:
        return (
            "The hub has had too many requests from here.",
            f"Wait some minutes. An access token gets more. {TOKEN_COMMAND}",
        )
    if status >= 500:
        return f"The hub has a fault of its own (status {status}).", "Try again later; what was fetched is kept."
    return f"The hub refused a question about {model} with status {status}.", ""


def _gated(model: HubModel, endpoint: str, has_token: bool) -> tuple[str, str]:
    page = f"{endpoint}/{model.repository}"
    if has_token:
        return (
            f"{model.repository} is gated, and the account of your access token has no leave to use it.",
            f"Accept its conditions at {page} with that account.",
        )
    return (
        f"{model.repository} is gated: its owner gives it only to accounts that accept its conditions.",
        f"Accept them at {page}, and give an access token of your account. {TOKEN_COMMAND}",
    )
