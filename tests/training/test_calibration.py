"""Choosing the way to compute from measured costs, and remembering them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from lorastudio.training.calibration import (
    FALLBACK,
    FIXED,
    CalibrationFile,
    Choice,
    Setting,
    choose,
    measure,
)
from lorastudio.training.config import Execution

PACKED, PADDED, COMPILED = Choice(Execution.PACKED), Choice(Execution.PADDED), Choice(Execution.COMPILED)
M4 = Setting("Apple M4 Max, 64 GB", "f" * 64, "mlx 0.32.4")


@pytest.mark.parametrize(
    ("costs", "best"),
    [
        ({PACKED: 1.0, PADDED: 2.0, COMPILED: 1.5}, PACKED),
        ({PACKED: 2.0, PADDED: 1.0, COMPILED: 1.5}, PADDED),
        ({PACKED: 0.97, PADDED: 2.0, COMPILED: 1.0}, COMPILED),  # not clearly faster
        ({PACKED: 1.0, Choice(Execution.COMPILED, 512): 3.0, COMPILED: 1.01}, COMPILED),
        ({PACKED: 2.0, PADDED: 3.0}, PACKED),
        ({}, FALLBACK),
    ],
)
def test_a_device_takes_what_is_clearly_fastest(costs: dict[Choice, float], best: Choice) -> None:
    assert choose(costs, "metal") == best


def test_the_cpu_always_computes_in_one_way() -> None:
    assert choose({PADDED: 0.1, PACKED: 9.0}, "cpu") == choose({}, "cpu") == FIXED == PACKED


def test_costs_are_medians_of_rounds_in_turn_without_the_first() -> None:
    now = 0.0
    spent = {PACKED: itertools.chain([50.0], itertools.cycle([1.0, 9.0, 2.0])), PADDED: itertools.repeat(4.0)}
    order: list[Choice] = []

    def candidate(choice: Choice, tokens: int) -> int:
        nonlocal now
        now += next(spent[choice])
        order.append(choice)
        return tokens

    costs = measure(
        {PACKED: lambda: candidate(PACKED, 2), PADDED: lambda: candidate(PADDED, 4)}, repeats=3, clock=lambda: now
    )
    assert costs == {PACKED: 1.0, PADDED: 1.0}
    assert order == [PACKED, PADDED] * 4


def test_what_a_device_cannot_do_is_left_out() -> None:
    def impossible() -> int:
        raise RuntimeError("[metal] no such kernel")

    assert list(measure({PACKED: impossible, PADDED: lambda: 1}, repeats=1)) == [PADDED]


def test_measurements_come_back_for_their_own_setting_alone(tmp_path: Path) -> None:
    file = CalibrationFile.of(tmp_path)
    assert file.find(M4) is None
    file.keep(M4, {PACKED: 1e-3, Choice(Execution.PADDED, 512): 2e-3})
    file.keep(Setting("another", "f" * 64, "mlx 0.32.4"), {PADDED: 1.0})
    file.keep(M4, {PACKED: 3e-3})
    assert CalibrationFile.of(tmp_path).find(M4) == {PACKED: 3e-3}
    assert file.find(Setting(M4.machine, M4.base_fingerprint, "mlx 0.33.0")) is None
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"Apple M4 Max, 64 GB | %s | mlx 0.32.4": 3}' % (b"f" * 64)])
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = CalibrationFile.of(tmp_path)
    file.path.write_bytes(content)
    assert file.find(M4) is None
    file.keep(M4, {PADDED: 1.0})
    assert file.find(M4) == {PADDED: 1.0}
