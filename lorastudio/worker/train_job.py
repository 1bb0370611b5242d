"""The `train` job: from rows on disk to an unfinished version folder that is whole."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlx.core as mx

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import TrainingError
from lorastudio.training.config import BestBy, TrainConfig
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE
from lorastudio.worker.adapters import (
    AdapterShape,
    adapter_config,
    adapter_weights,
    choose_shape,
    put_weights,
    with_fresh_adapter,
)
from lorastudio.worker.base_model import BaseModel, backend
from lorastudio.worker.calibrating import calibrated
from lorastudio.worker.checkpoint import Checkpoint, clear_checkpoints, load_newest, what_is_kept
from lorastudio.worker.conversations import ChatCodec, thinking_switch
from lorastudio.worker.data_report import data_report
from lorastudio.worker.development_samples import Sampler, choose_sampler
from lorastudio.worker.evaluation import Evaluation, evaluate
from lorastudio.worker.gang import ALONE, Gang
from lorastudio.worker.gang_files import folder_of_first, replay_of_first, tensors_of_first
from lorastudio.worker.generation import Generator
from lorastudio.worker.golden import golden_answers
from lorastudio.worker.memory_job import MemoryOrder, plan_memory, planned
from lorastudio.worker.published_folder import published_folder, write_failure, write_synced
from lorastudio.worker.replay import distil_replay
from lorastudio.worker.rows import LeftOut, TrainRow, most_answers_hold, read_rows
from lorastudio.worker.run_identity import RunIdentity
from lorastudio.worker.slots import plan_slots
from lorastudio.worker.step import Stepper
from lorastudio.worker.step_throttle import StepThrottle
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
    finish: bool
    golden_prompts: tuple[str, ...]
    memory: MemoryOrder
    calibration: Path | None

    @classmethod
    def from_order(cls, order: dict[str, Any]) -> TrainJob:
        return cls(
            data=Path(order["data"]),
            config=TrainConfig.from_record(order["config"]),
            checkpoints=Path(order["checkpoints"]),
            output=Path(order["output"]),
            resume=bool(order.get("resume", False)),
            finish=bool(order.get("finish", False)),
            golden_prompts=tuple(order.get("golden_prompts", ())),
            calibration=Path(order["calibration"]) if order.get("calibration") else None,
            memory=MemoryOrder.from_record(order.get("memory")),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a run by their file, and the ones that no file can use."""

    train: list[TrainRow]
    development: list[TrainRow]
    heldout: list[TrainRow]
    left_out: list[LeftOut]


def run_train(
    base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken, gang: Gang = ALONE
) -> dict[str, Any]:
    """Train, evaluate, write the output folder; returns the fields of `done`.

    Of a gang, rank 0 does so and reports; the others compute their share of every step, and return nothing.
    """
    gang.require_same("The base model", base.fingerprint, f"Copy {base.path} to the same place on every host.")
    with TemporaryDirectory(prefix="lorastudio-") as folder:
        scratch = Path(folder)
        job = _files_of_first(TrainJob.from_order(order), gang, scratch)
        with StepThrottle(report if gang.is_first else partial(_report_phase, report)) as throttled:
            return _run(base, job, throttled, cancel, gang, scratch)


def run_plan(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """The memory that a `train` job with the same fields would take; nothing is trained."""
    job = TrainJob.from_order(order)
    rows = _read(base, job, _codec(base, job), report)
    return plan_memory(base, rows.train, job.config, job.memory).as_record()


def _run(
    base: BaseModel, job: TrainJob, report: Report, cancel: CancelToken, gang: Gang, scratch: Path
) -> dict[str, Any]:
    if job.finish:
        cancel.finish()
    mx.reset_peak_memory()
    codec = _codec(base, job)
    rows = _read(base, job, codec, report)
    job = replace(job, config=planned(base, rows.train, job.config, job.memory, report))
    shape = _shape(base, job.config, report)
    trainer = _prepare(base, job, rows, codec, shape, report, cancel, gang, scratch)
    report({"type": "phase", "name": "training"})
    trainer.train()
    if not gang.is_first:
        trainer.stepper.close()
        return {}
    trainer.keep_best()
    report({"type": "phase", "name": "evaluating"})
    heldout = evaluate(trainer.stepper, rows.heldout, cancel)
    trainer.stepper.close()
    generator = Generator(codec, trainer.model, plan_slots(base))
    golden = golden_answers(generator, codec, job.golden_prompts, base.context_length, cancel)
    result = _result(base, rows, trainer, heldout) | {"thinking": codec.thinking.as_record()}
    report({"type": "phase", "name": "saving"})
    return _write_output(job, trainer, adapter_config(base, shape, codec.thinking), golden, result)


def _files_of_first(job: TrainJob, gang: Gang, scratch: Path) -> TrainJob:
    """The job with rank 0's rows and checkpoints: the library's folder is on its machine alone."""
    data = folder_of_first(gang, job.data, "*.jsonl", scratch / "data")
    checkpoints = folder_of_first(gang, job.checkpoints, "step-*/*", scratch / "checkpoints")
    return replace(job, data=data, checkpoints=checkpoints)


def _report_phase(report: Report, message: dict[str, Any]) -> None:
    """What the parent should know of a rank that is not the first: what it was busy with, should it die."""
    if message["type"] == "phase":
        report(message)


def _codec(base: BaseModel, job: TrainJob) -> ChatCodec:
    """The codec that asks the template for thinking only where most good answers think."""
    closes = base.tokenizer.think_end
    thinks = closes is not None and most_answers_hold(job.data / DATA_FILES[0], closes)
    return ChatCodec(base, thinking_switch(base, answers_think=thinks))


def _read(base: BaseModel, job: TrainJob, codec: ChatCodec, report: Report) -> Rows:
    """Encode all rows and report what is left out, before the first step."""
    report({"type": "phase", "name": "reading"})
    limit = min(job.config.max_seq_length, base.context_length)
    files = [read_rows(job.data / name, codec, job.config.objective, limit) for name in DATA_FILES]
    names = [Path(name).stem for name in DATA_FILES]
    report(data_report(dict(zip(names, files, strict=True)), codec.thinking, limit))
    left_out = [row for _, leaving in files for row in leaving]
    rows = Rows(files[0][0], files[1][0], files[2][0], left_out)
    if left_out:
        reasons = sorted({row.reason for row in left_out})
        message = f"{len(left_out)} rows are left out: {'; '.join(reasons[:3])}{'…' if len(reasons) > 3 else ''}."
        report({"type": "warning", "message": message})
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
    return choose_shape(
        base,
        rank=config.rank,
        scale=config.scale,
        dropout=config.dropout,
        layers=config.layers,
        kind=config.adapter,
        target_modules=config.target_modules,
    )


def _prepare(
    base: BaseModel,
    job: TrainJob,
    rows: Rows,
    codec: ChatCodec,
    shape: AdapterShape,
    report: Report,
    cancel: CancelToken,
    gang: Gang,
    scratch: Path,
) -> Trainer:
    """The trainer, at the start or where the newest checkpoint left it."""
    config = job.config
    identity = RunIdentity.of(base, job.data, config, gang.size)
    checkpoint = _checkpoint(job, identity, report)
    report({"type": "phase", "name": "replay"})
    limit = min(config.max_seq_length, base.context_length)
    distil = partial(distil_replay, base, codec, config.replay_prompts, config.replay_per_step, limit, cancel)
    replay = replay_of_first(gang, distil)
    model = with_fresh_adapter(base, shape, config.seed)
    put_weights(model, tensors_of_first(gang, adapter_weights(model), scratch), where="rank 0")
    if job.calibration is not None and gang.size == 1:
        config = calibrated(config, base, model, rows.train, job.calibration, backend())
    report({"type": "phase", "name": "reference"})
    stepper = Stepper.on(model, config, rows.train, [*rows.development, *rows.heldout], replay.rows, gang)
    try:
        stepper.prepare(job.checkpoints, cancel, lambda done, of: report({"type": "progress", "done": done, "of": of}))
    except OSError as error:
        what = "What the base model computes once for every row"
        raise write_failure(error, what, job.checkpoints, what_is_kept(job.checkpoints)) from error
    data = TrainingSet(rows.train, rows.development, replay, _sampler(base, job, rows, codec, report))
    trainer = Trainer(stepper, data, job.checkpoints, identity, report, cancel)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    return trainer


def _checkpoint(job: TrainJob, identity: RunIdentity, report: Report) -> Checkpoint | None:
    """Where to go on; a run that starts afresh has none, and clears away what an earlier one left."""
    if job.resume:
        return load_newest(job.checkpoints, identity, lambda text: report({"type": "warning", "message": text}))
    clear_checkpoints(job.checkpoints)
    return None


def _sampler(base: BaseModel, job: TrainJob, rows: Rows, codec: ChatCodec, report: Report) -> Sampler:
    usable = {row.row_id for row in rows.development}
    sampler = choose_sampler(base, codec, job.data / DATA_FILES[1], usable, job.config.samples)
    if job.config.best_by is BestBy.QUALITY and not sampler.rows:
        message = "There is no development prompt to sample answers to: the best adapter is chosen by loss."
        report({"type": "warning", "message": message})
    return sampler


def _result(base: BaseModel, rows: Rows, trainer: Trainer, heldout: Evaluation) -> dict[str, Any]:
    adapter = tensor_bytes(adapter_weights(trainer.model))
    progress = trainer.progress
    return {
        "steps": progress.step,
        "ended": progress.ended,
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
        "execution": trainer.stepper.describe(),
    }


def _write_output(
    job: TrainJob, trainer: Trainer, config: dict[str, Any], golden: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    try:
        with published_folder(job.output) as partial:
            write_synced(partial / ADAPTER_PARTIAL, tensor_bytes(adapter_weights(trainer.model)))
            for name, content in ((ADAPTER_CONFIG, config), (GOLDEN_FILE, golden), (RESULT_FILE, result)):
                text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
                write_synced(partial / name, text.encode("utf-8"))
    except OSError as error:
        raise write_failure(error, "The trained adapter", job.output.parent, what_is_kept(job.checkpoints)) from error
    return result
