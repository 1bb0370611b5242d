"""Names of models on the hub."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from lorastudio.domain.errors import UsageError

DEFAULT_REVISION = "main"

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_REVISION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,253}[A-Za-z0-9_-])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubModel:
    """`owner/name` at a revision: a branch, a tag, or a commit of 40 hexadecimal digits, which never changes."""

    repository: str
    revision: str = DEFAULT_REVISION

    def __str__(self) -> str:
        return self.repository if self.revision == DEFAULT_REVISION else f"{self.repository}@{self.revision}"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit."""
        return is_commit(self.revision)

    def at(self, commit: str) -> HubModel:
        """The same model, pinned."""
        return replace(self, revision=commit)

    @property
    def listing_path(self) -> str:
        """Where the hub tells the commit and the files with their sizes (its HTTP API, "GET /api/models/…")."""
        return f"/api/models/{self.repository}/revision/{quote(self.revision, safe='')}?blobs=true"

    def file_path(self, name: str) -> str:
        """Where the hub gives a file, or says where it lies."""
        return f"/{self.repository}/resolve/{quote(self.revision, safe='')}/{quote(name)}"


def is_commit(text: str) -> bool:
    """Whether the text is a whole commit hash."""
    return _COMMIT.fullmatch(text) is not None


def parse_hub_model(text: str) -> HubModel | None:
    """The model that `owner/name` or `owner/name@revision` means; None for what can't be the name of one."""
    repository, at, revision = text.partition("@")
    parts = repository.split("/")
    if len(parts) != 2 or not all(_PART.fullmatch(part) for part in parts):
        return None
    if ".." in text or "--" in repository:
        return None
    if not at:
        return HubModel(repository)
    return HubModel(repository, revision) if _REVISION.fullmatch(revision) else None


def hub_model(text: str) -> HubModel:
    """The same, for what must be one; `UsageError` where it is not."""
    model = parse_hub_model(text)
    if model is None:
        raise UsageError(f"{text!r} is not the name of a model on the hub.", "Names look like owner/name.")
    return model
