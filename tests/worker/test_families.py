"""Every family is right: packed against every answer by itself, loss and gradients; the rest run the padded path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx.nn.layers.quantized import quantize

from lorastudio.domain.errors import TrainingError
from lorastudio.training.config import Execution
from lorastudio.worker.anatomy import FAMILIES as PACKED_FAMILIES
from lorastudio.worker.anatomy import anatomy_of
from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.execution import computing_on
from tests.worker.families import FAMILIES, STATE_SPACE, family_config, random_model
from tests.worker.test_step import CONFIG, adapted, distance, make_rows, plain_step, prepared, put_adapter

PACKED = [name for name in FAMILIES if name not in STATE_SPACE]


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_is_that_of_every_answer_by_itself(name: str, layers: int, tmp_path: Path) -> None:
    model, rows = adapted(name, layers), make_rows()
    stepper = prepared(model, rows, CONFIG, tmp_path)
    result = stepper.gradients(rows, (), seed=3)
    loss, gradients = plain_step(model, rows, CONFIG, stepper)
    assert stepper.describe()["path"] == ("padded" if name in STATE_SPACE else "packed"), stepper.describe()
    assert float(result.loss) == pytest.approx(float(loss), rel=2e-5)
    assert distance(result.gradients, gradients) <= 1e-5
    stepper.close()


@pytest.mark.parametrize("name", STATE_SPACE)
def test_a_family_that_cannot_be_packed_says_so(name: str, tmp_path: Path) -> None:
    model = adapted(name)
    described = prepared(model, make_rows(), CONFIG, tmp_path).describe()
    assert described["reason"] == f"the family {name} is not packed"
    book = AnswerBook.of([row.good for row in make_rows() if row.good])
    with pytest.raises(TrainingError, match="can't be packed"):
        computing_on(model, book, Execution.PACKED)


def test_a_family_that_changed_falls_back(tmp_path: Path) -> None:
    """The check before the first step compares packed answers with the model's own."""
    model = adapted("llama")

    class Bent(type(model.layers[0].mlp)):  # type: ignore[misc]
        def __call__(self, x: mx.array) -> mx.array:
            return super().__call__(x) * (1.1 if x.shape[0] > 1 else 1.0)

    for block in model.layers:
        block.mlp.__class__ = Bent
    described = prepared(model, make_rows(), CONFIG, tmp_path).describe()
    assert (described["path"], described["reason"]) == ("padded", "its packed answers differ from its own")


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("tied", [True, False])
def test_a_quantised_base_packs_too(bits: int, tied: bool, tmp_path: Path) -> None:
    """Its head as well: the gradient runs back through the quantised weight."""
    model = random_model("qwen3 tied" if tied else "qwen3")
    quantize(model, group_size=32, bits=bits, class_predicate=_divisible)
    model.freeze()
    put_adapter(model)
    rows = make_rows()
    stepper = prepared(model, rows, CONFIG, tmp_path)
    result = stepper.gradients(rows, (), seed=3)
    loss, gradients = plain_step(model, rows, CONFIG, stepper)
    assert stepper.describe()["path"] == "packed"
    assert float(result.loss) == pytest.approx(float(loss), rel=2e-5)
    assert distance(result.gradients, gradients) <= 1e-5
    stepper.close()


def test_every_packed_family_is_tested() -> None:
    assert {FAMILIES[name][0] for name in PACKED} == set(PACKED_FAMILIES)


def test_windows_and_caps_are_read() -> None:
    anatomy: Any = anatomy_of(random_model("sliding window"))
    assert anatomy.windows == (None, 12, 12)
    anatomy = anatomy_of(random_model("gemma3"))
    assert anatomy.windows == (10, None, 10) and anatomy.sandwich
    anatomy = anatomy_of(random_model("gemma2"))
    assert (anatomy.attention_softcap, anatomy.logit_softcap) == (5.0, 3.0)
    assert family_config("qwen3")["head_dim"] != family_config("qwen3")["hidden_size"] // 4


def _divisible(path: str, module: Any) -> bool:
    return hasattr(module, "to_quantized") and module.weight.shape[-1] % 32 == 0
