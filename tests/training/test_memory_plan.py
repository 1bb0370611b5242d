"""The memory plan's rules, on sizes made up for the purpose; how good its figures are the benchmark tells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.training.config import TrainConfig
from lorastudio.training.machine import MachineMemory, machine_memory
from lorastudio.training.memory_estimate import PassSize, StepSizes, estimate, pass_size
from lorastudio.training.memory_plan import MemoryPlan, MemoryPlanner, Verdict, correction_of
from lorastudio.training.memory_words import plan_line, plan_warning
from lorastudio.training.model_shape import ModelShape

MB = 1_000_000
SHAPE = ModelShape(
    weight_bytes=300 * MB,
    item_bytes=4,
    hidden_size=1024,
    intermediate_size=3072,
    heads=16,
    query_size=1024,
    key_size=256,
    vocabulary=50_000,
    quantized=False,
    linears=(7,) * 12,
    linear_sizes=(25_000,) * 12,
)
ROW = PassSize(tokens=512, cells=512, scored=256, attended=512 * 512)
SIZES = StepSizes(ROW, ROW.scaled(4), total_tokens=40_000)
CONFIG = TrainConfig()


def planned(budget_bytes: int, config: TrainConfig = CONFIG, **planner: object) -> MemoryPlan:
    memory = MachineMemory(total_bytes=2 * budget_bytes, budget_bytes=budget_bytes)
    return MemoryPlanner(SHAPE, SIZES, memory, **planner).plan(config)  # type: ignore[arg-type]


WHOLE = estimate(SHAPE, CONFIG, SIZES).total
ONE_ROW = estimate(SHAPE, replace(CONFIG, tokens_per_pass=512), SIZES).total


def test_the_parts_of_a_known_model_add_up() -> None:
    found = estimate(SHAPE, replace(CONFIG, layers=6), SIZES)
    trained = 4 * 8 * 6 * 25_000  # float32, rank 8, six blocks
    assert (found.weights, found.adapter, found.optimizer) == (300 * MB, trained, 4 * trained)
    assert found.caches == 4 * 512 * 1024 * 4
    assert found.total == sum(found.parts().values())


def test_a_run_that_fits_keeps_its_own_pass_size_and_needs_no_advice() -> None:
    plan = planned(2 * WHOLE)
    assert (plan.verdict, plan.tokens_per_pass, plan.changes, plan.impossible) == (Verdict.FITS, None, (), False)
    assert plan.total_bytes == WHOLE
    assert plan_warning(plan.as_record()) == ""
    assert plan_line(plan.as_record()).endswith(": fits.")


def test_where_a_whole_step_does_not_fit_a_smaller_pass_is_chosen() -> None:
    plan = planned(round((WHOLE + ONE_ROW) / 2 / 0.8))
    assert plan.verdict is Verdict.FITS
    assert plan.tokens_per_pass is not None
    assert 512 <= plan.tokens_per_pass < 2048
    larger = replace(CONFIG, tokens_per_pass=plan.tokens_per_pass + 64)
    assert estimate(SHAPE, larger, SIZES).total > (WHOLE + ONE_ROW) / 2


def test_a_pass_size_that_was_chosen_or_has_begun_is_kept() -> None:
    assert planned(ONE_ROW, replace(CONFIG, tokens_per_pass=1500)).tokens_per_pass == 1500
    assert planned(ONE_ROW, settled=True).tokens_per_pass is None


def test_what_is_too_large_comes_with_what_would_make_it_smaller() -> None:
    plan = planned(ONE_ROW - 50 * MB)
    assert (plan.verdict, plan.tokens_per_pass) == (Verdict.TOO_LARGE, 512)
    named = {change.what.split(" (")[0] for change in plan.changes}
    assert {
        "recomputed activations",
        "half the length",
        "an adapter on the last 6 layers",
        "a 4-bit base model",
    } <= named
    assert all(change.total_bytes < plan.total_bytes for change in plan.changes)
    warning = plan_warning(plan.as_record())
    assert "probably too large" in warning and "a 4-bit base model" in warning


def test_tight_is_between_the_two() -> None:
    assert planned(round(ONE_ROW / 0.9)).verdict is Verdict.TIGHT


def test_a_run_larger_than_the_machine_is_impossible() -> None:
    assert planned(100 * MB).impossible
    assert not planned(round(0.6 * WHOLE)).impossible


def test_tiny_rows_and_budgets_are_planned_too() -> None:
    tiny = StepSizes(PassSize(3, 3, 1, 9), PassSize(3, 3, 1, 9), total_tokens=3)
    memory = MachineMemory(total_bytes=2, budget_bytes=1)
    for tokens in (None, 8):
        plan = MemoryPlanner(SHAPE, tiny, memory).plan(replace(CONFIG, tokens_per_pass=tokens))
        assert plan.impossible and plan.changes


def test_a_correction_moves_every_figure() -> None:
    assert planned(10 * WHOLE, correction=1.5).total_bytes == round(1.5 * WHOLE)


@pytest.mark.parametrize(
    ("ratios", "factor"),
    [
        ((), 1.0),
        ((1.1,), 1.1),
        ((1.1, 1.2, 9.0), 1.2),
        ((30.0, 30.0), 2.0),
        ((0.01,), 0.5),
        ((9.0,) * 8 + (1.0,) * 8, 1.0),
    ],
)
def test_corrections_follow_the_last_peaks_but_no_outlier(ratios: tuple[float, ...], factor: float) -> None:
    assert correction_of(ratios) == factor


@given(
    layers=st.integers(1, 12),
    tokens=st.integers(512, 8192),
    lean=st.booleans(),
    checkpointing=st.booleans(),
    padded=st.booleans(),
)
def test_smaller_pieces_never_take_more(
    layers: int, tokens: int, lean: bool, checkpointing: bool, padded: bool
) -> None:
    sizes = replace(SIZES, padded=padded)
    config = TrainConfig(layers=layers, tokens_per_pass=tokens, lean=lean, checkpointing=checkpointing)
    total = estimate(SHAPE, config, sizes).total
    assert estimate(SHAPE, replace(config, tokens_per_pass=max(512, tokens // 2)), sizes).total <= total
    assert estimate(SHAPE, replace(config, lean=True), sizes).total <= total
    assert pass_size(config, sizes).tokens >= ROW.tokens
    if layers > 1:
        assert estimate(SHAPE, replace(config, layers=layers - 1), sizes).total <= total + sizes.heaviest.cells * 4096


def test_this_machine_has_memory() -> None:
    memory = machine_memory()
    assert 0 < memory.budget_bytes < memory.total_bytes
