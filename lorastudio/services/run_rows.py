"""What a run trains on: the accepted pairs or a file, frozen, and the settings that fit them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lorastudio.domain.errors import TrainingError
from lorastudio.domain.pair import Split
from lorastudio.services.arrivals import gate_texts
from lorastudio.services.freezing import FrozenDataset, freeze_accepted, freeze_file, frozen_rows
from lorastudio.store.library import Library
from lorastudio.training.config import Objective, TrainConfig


def freeze_rows(
    library: Library, config: TrainConfig, folder: Path, source: Path | None
) -> tuple[FrozenDataset, TrainConfig]:
    """Freeze the accepted pairs, or the rows of the file `source` alone, into a folder that exists.

    The library is only read. `TrainingError` when no row can be trained on.
    """
    frozen = freeze_accepted(library, folder) if source is None else freeze_file(source, folder, gate_texts(library))
    if frozen.train == 0:
        where = f"in {source}" if source else "among the accepted pairs"
        raise TrainingError(
            f"There is nothing to train on {where}.",
            "Accept some pairs first, or give a file with prompts and good answers.",
        )
    return frozen, _fitting(config, folder)


def _fitting(config: TrainConfig, folder: Path) -> TrainConfig:
    """DPO+NLL without a single bad answer is plain fine-tuning, and takes its learning rate."""
    pairs = any(row["good"] and row["bad"] for row in frozen_rows(folder, Split.TRAIN))
    return config if pairs or config.objective is not Objective.DPO_NLL else replace(config, objective=Objective.SFT)
