"""The objectives in plain words, each with its name in the field and what it does."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem


class ObjectiveWords(NamedTuple):
    """`value` is its name in a recipe, `term` that in the field."""

    value: str
    words: str
    term: str
    tip: str


OBJECTIVES = (
    ObjectiveWords("dpo+nll", "Good vs bad", "DPO+NLL", "away from the bad drafts, and towards the good ones"),
    ObjectiveWords("dpo", "Contrast alone", "DPO", "only how much more likely the good draft gets than the bad one"),
    ObjectiveWords("ipo", "Careful contrast", "IPO", "contrast up to a fixed lead, so that no pair is overlearnt"),
    ObjectiveWords("simpo", "Contrast per word", "SimPO", "long and short drafts count alike; needs no base model"),
    ObjectiveWords("orpo", "Imitate, then prefer", "ORPO", "the good drafts, and their odds against the bad ones"),
    ObjectiveWords("cpo", "Good vs bad, freely", "CPO", "good against bad with nothing holding it to the base model"),
    ObjectiveWords("kto", "Each draft alone", "KTO", "every draft is good or bad by itself; pairs are taken apart"),
    ObjectiveWords("sft", "Good drafts alone", "SFT", "imitates the good drafts; the bad ones are not used"),
)
WORDS = {objective.value: objective for objective in OBJECTIVES}
TERM_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class TermDelegate(QStyledItemDelegate):
    """Adds the field's term to each line of the list that a choice opens."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.text = f"{option.text}  ({index.data(TERM_ROLE)})"
