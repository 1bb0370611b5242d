"""The stages of a cycle in words."""

from __future__ import annotations

STAGES = {
    "drafting": "Drafting",
    "extracting": "Making pairs",
    "accepting": "Accepting by the rule",
    "training": "Training",
    "gating": "Judging at the gate",
    "deploying": "Deploying",
    "finished": "Finished",
}
