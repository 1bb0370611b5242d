"""The hub's cache on this machine, laid out as every tool knows it, so that nothing is downloaded twice.

Layout: https://huggingface.co/docs/hub/local-cache. `models--owner--name/` holds `blobs/<digest>` (the content),
`snapshots/<commit>/<file>` (links to blobs) and `refs/<branch>` (the commit that a branch was last seen at).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lorastudio.domain.files import fsync_folder, write_atomic
from lorastudio.hub.listing import HubFile
from lorastudio.hub.model import HubModel, is_commit

# A name of our own: other tools fill their unfinished files in other orders, or begin them again.
UNFINISHED = ".lorastudio-part"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What an interrupted download left of a model; the next one goes on from it."""

    repository: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class HubCache:
    """The cache in `root`, which need not exist yet."""

    root: Path

    @classmethod
    def of_environment(cls) -> HubCache:
        """Where `HF_HUB_CACHE`, `HF_HOME` or `XDG_CACHE_HOME` say it is, else in the user's own cache folder."""
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        home = Path(os.environ.get("HF_HOME") or caches / "huggingface")
        return cls(Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser().absolute())

    def folder(self, model: HubModel) -> Path:
        """What is known of a model, all revisions together."""
        return self.root / f"models--{model.repository.replace('/', '--')}"

    def pinned(self, model: HubModel) -> HubModel | None:
        """The model at the commit that its revision was last seen at on this machine; None when it never was."""
        if model.pinned:
            return model
        try:
            commit = (self.folder(model) / "refs" / model.revision).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return model.at(commit) if is_commit(commit) else None

    def snapshot(self, model: HubModel) -> Path | None:
        """The folder of the model's files, which may lack some; None when there is none."""
        pinned = self.pinned(model)
        folder = None if pinned is None else self.snapshot_folder(pinned)
        return folder if folder is not None and folder.is_dir() else None

    def snapshot_folder(self, model: HubModel) -> Path:
        """Where the files of a pinned model are, or will be."""
        return self.folder(model) / "snapshots" / model.revision

    def blob(self, model: HubModel, file: HubFile) -> Path:
        """Where the content of a file is, or will be."""
        return self.folder(model) / "blobs" / file.digest

    def part(self, model: HubModel, file: HubFile) -> Path:
        """Where the beginning of a file lies while it is fetched."""
        return self.folder(model) / "blobs" / f"{file.digest}{UNFINISHED}"

    def holds(self, model: HubModel, file: HubFile) -> bool:
        """Whether the content is here; a file gets its name when it is whole, so its size is all there is to see."""
        return _size_of(self.blob(model, file)) == file.size_bytes

    def missing_bytes(self, model: HubModel, file: HubFile) -> int:
        """How much of a file is still to be fetched."""
        if self.holds(model, file):
            return 0
        return max(0, file.size_bytes - (_size_of(self.part(model, file)) or 0))

    def publish(self, model: HubModel, file: HubFile) -> None:
        """Let the file appear in the snapshot of a pinned model; its content must be here."""
        folder = self.snapshot_folder(model)
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / file.name
        target = Path(os.path.relpath(self.blob(model, file), folder))
        if link.is_symlink() and link.readlink() == target:
            return
        fresh = folder / f".{file.name}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)

    def remember(self, model: HubModel, pinned: HubModel) -> None:
        """Write down which commit the revision of `model` means now; the last act of a download."""
        fsync_folder(self.snapshot_folder(pinned))
        if model.pinned:
            return
        reference = self.folder(model) / "refs" / model.revision
        reference.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(reference, pinned.revision.encode())

    def free_bytes(self) -> int:
        """Room on the disk that holds the cache."""
        return shutil.disk_usage(next(place for place in (self.root, *self.root.parents) if place.exists())).free

    def unfinished(self) -> list[Unfinished]:
        """What interrupted downloads left, by model."""
        sizes: dict[str, int] = {}
        for part in self.root.glob(f"models--*/blobs/*{UNFINISHED}"):
            repository = part.parents[1].name.removeprefix("models--").replace("--", "/", 1)
            sizes[repository] = sizes.get(repository, 0) + (_size_of(part) or 0)
        return [Unfinished(repository, size) for repository, size in sorted(sizes.items())]


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
