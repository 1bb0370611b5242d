"""Whether there is enough to train on, what a careful colleague would warn of, and what keeps training off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.services.curation import Readiness


class ReadinessCard(Card):
    """A bar of pairs against pairs needed, and words below it."""

    def __init__(self) -> None:
        super().__init__("Ready to train")
        self.chip = Chip()
        self.head.addStretch()
        self.head.addWidget(self.chip)
        self.bar = ThinBar(height_px=8)
        self.bar.setAccessibleName("Accepted pairs against the number that is needed")
        self.words = Dim(wrap=True)
        self.off = Dim(wrap=True, kind="bad")
        self.off.setObjectName("training.off")
        self.warning = Dim(wrap=True, kind="warn")
        self.warning.setObjectName("training.warning")
        self.pairs_button = Button("Review pairs", "training.to_pairs", kind="small")
        for widget in (self.bar, self.words, self.off, self.warning, self.pairs_button):
            self.body.addWidget(widget)
        self.off.hide()
        self.warning.hide()
        self.pairs_button.hide()

    def show_readiness(self, readiness: Readiness) -> None:
        """How the accepted pairs stand to what is needed."""
        self.bar.set_share(readiness.accepted / readiness.needed if readiness.needed else 1.0)
        set_kind(self.bar, "good" if readiness.ready else "warn")
        if readiness.ready:
            self.chip.say("ready", "good")
        else:
            self.chip.say("early version" if readiness.accepted else "no pairs", "warn" if readiness.accepted else "")
        words = [f"{counted(readiness.accepted, 'accepted pair')}; {count(readiness.needed)} make a full version."]
        words += [reason for reason in readiness.reasons if not reason.startswith("Accepted pairs still needed")]
        self.words.setText("\n".join(words))
        self.pairs_button.setVisible(not readiness.ready)

    def show_hindrance(self, off: str, warnings: tuple[str, ...]) -> None:
        """What keeps Train off (empty: nothing), and what does not but should be known."""
        self.off.setText(off)
        self.off.setVisible(bool(off))
        self.warning.setText("\n".join(warnings))
        self.warning.setVisible(bool(warnings))
