"""Whether a run fits the memory of this machine, what takes how much of it, and what would take less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QAction

from lorastudio.bridge.requests.runs import memory_parts
from lorastudio.domain.sizes import size_in_words
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count

Record = dict[str, Any]

KINDS = {"fits": "good", "tight": "warn", "too large": "bad"}
LARGEST_PARTS = 3


class MemoryCard(Card):
    """Shows the fields of the protocol's `plan` message, as long as the recipe is the one that they are for."""

    def __init__(self, check: QAction) -> None:
        super().__init__("Memory")
        self.chip = Chip()
        self.head.addStretch()
        self.head.addWidget(self.chip)
        self.bar = ThinBar(height_px=8)
        self.bar.setAccessibleName("Memory that the run takes, of what is free for it")
        self.words = Dim(wrap=True)
        self.words.setObjectName("training.memory")
        self.advice = Dim(wrap=True)
        self.advice.setObjectName("training.memory.advice")
        self.check_button = ActionButton(check, kind="small")
        for widget in (self.bar, self.words, self.advice, self.check_button):
            self.body.addWidget(widget)
        self._expected: Record | None = None
        self._planned: Record | None = None
        self._verdict = ""
        self._forget("Tells before the start whether this recipe fits, and what would take less.")

    @property
    def is_too_large(self) -> bool:
        """It is known that the recipe as it stands does not fit."""
        return self._verdict == "too large"

    def expect(self, recipe: Record | None) -> None:
        """The next plan is for this recipe; None: it is for none that stands here."""
        self._expected = recipe

    def take(self, plan: Mapping[str, Any]) -> None:
        """A plan was made."""
        if self._expected is not None:
            self._planned, self._verdict = self._expected, plan["verdict"]
            self._show(plan)

    def keep_for(self, recipe: Record) -> None:
        """The recipe as it stands now: a plan of another one is put away."""
        if self._planned is not None and recipe != self._planned:
            self._planned, self._verdict = None, ""
            self._forget("The recipe has changed since it was checked.")

    def _show(self, plan: Mapping[str, Any]) -> None:
        """The verdict, and what would make it a better one."""
        kind = KINDS[plan["verdict"]]
        self.chip.say(plan["verdict"], kind)
        set_kind(self.bar, kind)
        self.bar.set_share(plan["total_bytes"] / max(plan["budget_bytes"], 1))
        names = memory_parts()
        parts = sorted(plan["parts"].items(), key=lambda part: -part[1])[:LARGEST_PARTS]
        most = ", ".join(f"{names[name]} {size_in_words(size)}" for name, size in parts)
        tokens = plan["tokens_per_pass"]
        passes = f" In passes of at most {count(tokens)} tokens." if tokens else ""
        self.words.setText(
            f"About {size_in_words(plan['total_bytes'])} of the {size_in_words(plan['budget_bytes'])} that are free "
            f"for it: {most}.{passes}"
        )
        changes = "\n".join(f"{change['what']}: {size_in_words(change['total_bytes'])}" for change in plan["changes"])
        wanted = "" if plan["verdict"] == "fits" else changes or "Nothing makes it smaller."
        self.advice.setText(f"What takes less:\n{wanted}" if changes and wanted else wanted)
        self.advice.setVisible(bool(wanted))
        self._show_measured(True)

    def _forget(self, words: str) -> None:
        self.words.setText(words)
        self.advice.hide()
        self._show_measured(False)

    def _show_measured(self, shown: bool) -> None:
        self.chip.setVisible(shown)
        self.bar.setVisible(shown)
