"""The `train` job: from rows on disk to an unfinished version folder that is whole."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import TrainingError
from lorastudio.domain.files import sha256_of
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE
from lorastudio.worker.adapters import (
    AdapterShape,
    adapter_config,
    adapter_weights,
    choose_shape,
    with_fresh_adapter,
)
from lorastudio.worker.base_model import BaseModel, backend
from lorastudio.worker.checkpoint import clear_checkpoints, load_newest, publish_folder, write_synced
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.evaluation import HeldOut, evaluate_heldout
from lorastudio.worker.generation import Generator
from lorastudio.worker.golden import golden_answers
from lorastudio.worker.replay import distil_replay
from lorastudio.worker.rows import LeftOut, TrainRow, read_rows
from lorastudio.worker.slots import plan_slots
from lorastudio.worker.step_batch import reference_of
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.training import Report, Trainer, TrainingSet

DATA_FILES = ("train.jsonl", "development.jsonl", "heldout.jsonl")


@dataclass(frozen=True, slots=True)
class TrainJob:
    """The fields of a `train` order."""

    data: Path
    config: TrainConfig
    checkpoints: Path
    output: Path
    resume: bool
    golden_prompts: tuple[str, ...]

    @classmethod
    def from_order(cls, order: dict[str, Any]) -> TrainJob:
        return cls(
            data=Path(order["data"]),
            config=TrainConfig.from_record(order["config"]),
            checkpoints=Path(order["checkpoints"]),
            output=Path(order["output"]),
            resume=bool(order.get("resume", False)),
            golden_prompts=tuple(order.get("golden_prompts", ())),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a run by their file, and the ones that no file can use."""

    train: list[TrainRow]
    development: list[TrainRow]
    heldout: list[TrainRow]
    left_out: list[LeftOut]


def run_train(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """Train, evaluate, write the output folder; returns the fields of `done`."""
    job = TrainJob.from_order(order)
    codec = ChatCodec(base)
    rows = _read(base, job, codec, report)
    shape = _shape(base, job.config, report)
    trainer = _prepare(base, job, rows, codec, shape, report, cancel)
    report({"type": "phase", "name": "training"})
    mx.reset_peak_memory()
    trainer.train()
    trainer.keep_best()
    report({"type": "phase", "name": "evaluating"})
    heldout_references = reference_of(base.model, rows.heldout, cancel, lambda done: None)
    heldout = evaluate_heldout(trainer.model, rows.heldout, heldout_references)
    generator = Generator(codec, trainer.model, plan_slots(base))
    golden = golden_answers(generator, codec, job.golden_prompts, base.context_length, cancel)
    result = _result(base, rows, trainer, heldout)
    report({"type": "phase", "name": "saving"})
    return _write_output(job.output, trainer, adapter_config(base, shape), golden, result)


def _read(base: BaseModel, job: TrainJob, codec: ChatCodec, report: Report) -> Rows:
    """Encode all rows and report what is left out, before the first step."""
    report({"type": "phase", "name": "reading"})
    limit = min(job.config.max_seq_length, base.context_length)
    files = [read_rows(job.data / name, codec, job.config.objective, limit) for name in DATA_FILES]
    left_out = [row for _, leaving in files for row in leaving]
    rows = Rows(files[0][0], files[1][0], files[2][0], left_out)
    if left_out:
        reasons = sorted({row.reason for row in left_out})
        message = f"{len(left_out)} rows are left out: {'; '.join(reasons[:3])}{'…' if len(reasons) > 3 else ''}."
        report({"type": "warning", "message": message, "left_out": [row.as_record() for row in left_out]})
    if not rows.train:
        reason = f" The first reason: {left_out[0].reason}." if left_out else ""
        raise TrainingError(f"No row is left to train on.{reason}", "Accept more pairs, or change the settings.")
    return rows


def _shape(base: BaseModel, config: TrainConfig, report: Report) -> AdapterShape:
    blocks = len(base.model.layers)
    if config.layers is not None and config.layers > blocks:
        report(
            {"type": "warning", "message": f"The model has {blocks} layers, not {config.layers}; all get an adapter."}
        )
    return choose_shape(base, rank=config.rank, scale=config.scale, dropout=config.dropout, layers=config.layers)


def _prepare(
    base: BaseModel,
    job: TrainJob,
    rows: Rows,
    codec: ChatCodec,
    shape: AdapterShape,
    report: Report,
    cancel: CancelToken,
) -> Trainer:
    """The trainer, at the start or where the newest checkpoint left it."""
    config = job.config
    identity = _identity(base, job)
    checkpoint = load_newest(job.checkpoints, identity) if job.resume else None
    if not job.resume:
        clear_checkpoints(job.checkpoints)
    report({"type": "phase", "name": "replay"})
    limit = min(config.max_seq_length, base.context_length)
    replay = distil_replay(base, codec, config.replay_prompts, config.replay_per_step, limit, cancel)
    report({"type": "phase", "name": "reference"})
    watched = [*rows.train, *rows.development] if config.objective is not Objective.SFT else []
    references = reference_of(
        base.model, watched, cancel, lambda done: report({"type": "progress", "done": done, "of": len(watched)})
    )
    data = TrainingSet(rows.train, rows.development, references, replay)
    model = with_fresh_adapter(base, shape, config.seed)
    trainer = Trainer(model, config, data, job.checkpoints, identity, report, cancel)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    return trainer


def _identity(base: BaseModel, job: TrainJob) -> str:
    """A hash of everything that decides a run: its rows, its settings and its base."""
    parts = {name: sha256_of(job.data / name) for name in DATA_FILES if (job.data / name).is_file()}
    record = {"data": parts, "config": job.config.identity_record(), "base": base.fingerprint}
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode("utf-8")).hexdigest()


def _result(base: BaseModel, rows: Rows, trainer: Trainer, heldout: HeldOut) -> dict[str, Any]:
    adapter = tensor_bytes(adapter_weights(trainer.model))
    progress = trainer.progress
    return {
        "steps": trainer.steps,
        "final_loss": progress.loss if math.isfinite(progress.loss) else None,
        "validation_accuracy": heldout.validation_accuracy,
        "reference_accuracy": heldout.reference_accuracy,
        "heldout_loss": heldout.loss,
        "token_accuracy": heldout.token_accuracy,
        "num_examples": len(rows.train),
        "left_out": [row.as_record() for row in rows.left_out],
        "base_fingerprint": base.fingerprint,
        "template_hash": base.template_hash,
        "adapter_hash": hashlib.sha256(adapter).hexdigest(),
        "best_step": progress.best_step,
        "skipped_steps": progress.skipped,
        "backend": backend(),
    }


def _write_output(
    output: Path, trainer: Trainer, config: dict[str, Any], golden: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f"{output.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    write_synced(partial / ADAPTER_PARTIAL, tensor_bytes(adapter_weights(trainer.model)))
    for name, content in ((ADAPTER_CONFIG, config), (GOLDEN_FILE, golden), (RESULT_FILE, result)):
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
        write_synced(partial / name, text.encode("utf-8"))
    publish_folder(partial, output)
    return result
