"""Where a version came from: its run, its pairs, its parent, its base, and the hashes that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from lorastudio.ui.panes.versions.words import base_short_name, short_hash
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.wording import counted, version_name

if TYPE_CHECKING:
    from lorastudio.bridge.requests.versions import VersionStory
    from lorastudio.domain.version import ModelVersion

MEGABYTE = 1_000_000


class LineageCard(Card):
    """The words of one version; whether its files are whole follows when they have been read."""

    def __init__(self) -> None:
        super().__init__("Where it came from")
        self.words = Dim(wrap=True)
        self.words.setObjectName("versions.lineage")
        self.hashes = Figure(kind="dim", px=11)
        self.hashes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.whole = Dim(wrap=True)
        self.whole.setObjectName("versions.whole")
        self.folder_button = Button("Open folder", "versions.folder", kind="small")
        for widget in (self.words, self.hashes, self.whole, self.folder_button):
            self.body.addWidget(widget)

    def show_version(self, version: ModelVersion) -> None:
        """What the library knows of it."""
        config = version.config
        parent = "No parent" if version.parent is None else f"Parent {version_name(version.parent)}"
        objective = str(config.get("objective", "")).upper()
        self.words.setText(
            f"Run {version.run_id}, {objective}, rank {config.get('rank')}, alpha {config.get('alpha'):g}\n"
            f"{counted(version.num_examples, 'pair')}, frozen when the run began\n"
            f"{parent}; fresh from {base_short_name(version.base_model)}"
        )
        self.hashes.setText(
            f"adapter  {short_hash(version.adapter_hash)}\n"
            f"data     {short_hash(version.dataset_hash)}\n"
            f"base     {short_hash(version.base_fingerprint)}\n"
            f"template {short_hash(version.template_hash)}"
        )
        self.hashes.setToolTip(
            f"SHA-256\nadapter {version.adapter_hash}\ndata {version.dataset_hash}\n"
            f"base {version.base_fingerprint}\ntemplate {version.template_hash}"
        )
        self.hashes.setAccessibleName(self.hashes.toolTip())
        self.whole.say("Checking its files")

    def show_story(self, story: VersionStory) -> None:
        """Whether its files are what they were."""
        size = f"{story.size / MEGABYTE:.1f} MB"
        if story.problems:
            self.whole.say(f"Damaged: {'; '.join(story.problems)}", "bad")
        else:
            self.whole.say(f"{size} on disk, every hash is right", "good")
