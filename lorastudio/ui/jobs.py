"""Jobs in words, and the pane in which each of them can be watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorastudio.ui.wording import count, time_left

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job

PANE_OF_KIND = {
    "cycle": "drafts",
    "download": "training",
    "look": "pairs",
    "plan": "training",
    "training": "training",
    "verification": "pairs",
    "gate": "versions",
    "deployment": "versions",
}
PANE_OF_STAGE = {
    "extracting": "pairs",
    "accepting": "pairs",
    "training": "training",
    "gating": "versions",
    "deploying": "versions",
}
STATES = {"running": "running", "done": "done", "failed": "failed", "stopped": "stopped"}
CHIPS = {"running": "accent", "done": "good", "failed": "bad", "stopped": "warn"}


def pane_of(job: Job) -> str:
    """The name of the pane that shows this work now; a cycle walks through all of them."""
    if job.kind == "import":
        return "pairs"
    return PANE_OF_STAGE.get(job.telling.stage) or PANE_OF_KIND.get(job.kind, "")


def how_far(job: Job) -> str:
    """ "Training: step 744 of 1,200, 6 min left"."""
    if job.stopping:
        return "Stopping; what is finished is kept"
    progress = job.progress
    if progress is None or progress.total <= 0:
        return job.telling.step
    words = f"{job.telling.step} {count(progress.done)} of {count(progress.total)}"
    left = time_left(progress.left_s)
    return f"{words}, {left}" if left else words


def share_of(job: Job) -> float | None:
    """How much is done, 0 to 1; None where nobody knows."""
    progress = job.progress
    return None if progress is None or progress.total <= 0 else progress.done / progress.total
