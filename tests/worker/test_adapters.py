from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlx.core as mx
import mlx_lm
import numpy as np
import pytest
from mlx.utils import tree_flatten
from mlx_lm.utils import load_model, quantize_model, save_model

from lorastudio.domain.errors import KnownError
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE
from lorastudio.worker.adapters import (
    AdapterShape,
    adapter_config,
    adapter_weights,
    choose_shape,
    load_version,
    put_weights,
    with_fresh_adapter,
)
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.thinking import ThinkingSwitch
from tests.worker.tiny_model import write_tiny_model

IDS = mx.array([[3, 20, 31, 44, 4]])


def shape_of(base: BaseModel, layers: int | None = None, dropout: float = 0.0) -> AdapterShape:
    return choose_shape(base, rank=4, scale=2.0, dropout=dropout, layers=layers)


def write_version(base: BaseModel, folder: Path, layers: int | None = None) -> Path:
    """An adapter that changes something, in a finished version's folder."""
    shape = shape_of(base, layers)
    model = with_fresh_adapter(base, shape, seed=1)
    key = mx.random.key(7)
    noisy = {
        name: array + 0.1 * mx.random.normal(array.shape, key=key) for name, array in adapter_weights(model).items()
    }
    put_weights(model, noisy, where="test")
    folder.mkdir()
    (folder / ADAPTER_FILE).write_bytes(tensor_bytes(adapter_weights(model)))
    (folder / ADAPTER_CONFIG).write_text(json.dumps(adapter_config(base, shape, ThinkingSwitch(enabled=False))))
    return folder


@pytest.fixture(scope="module")
def quantized_base(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    folder = write_tiny_model(tmp_path_factory.mktemp("q") / "tiny", hidden_size=64, head_dim=32, intermediate_size=64)
    model, config = load_model(folder)
    model, config = quantize_model(model, config, group_size=32, bits=4)
    save_model(folder, model)
    (folder / "config.json").write_text(json.dumps(config))
    return load_base(folder)


def test_a_fresh_adapter_changes_nothing(base: BaseModel) -> None:
    model = with_fresh_adapter(base, shape_of(base), seed=3)
    assert mx.array_equal(model(IDS), base.model(IDS)).item()


def test_versions_share_the_weights_of_the_base(base: BaseModel) -> None:
    model = with_fresh_adapter(base, shape_of(base), seed=3)
    own = {name.replace(".linear.", "."): array for name, array in tree_flatten(model.parameters())}
    for name, array in tree_flatten(base.model.parameters()):
        assert own[name] is array
    assert {name for name, _ in tree_flatten(model.trainable_parameters())} == set(adapter_weights(model))


def test_the_start_depends_on_the_seed_alone(base: BaseModel) -> None:
    def start(seed: int) -> bytes:
        return tensor_bytes(adapter_weights(with_fresh_adapter(base, shape_of(base), seed)))

    mx.random.normal((3,))  # what others draw makes no difference
    assert start(5) == start(5) != start(6)


@pytest.mark.parametrize("layers", [None, 1])
def test_plain_mlx_lm_loads_the_version_with_the_same_outputs(
    base: BaseModel, tmp_path: Path, layers: int | None
) -> None:
    folder = write_version(base, tmp_path / "v1", layers)
    theirs, _ = mlx_lm.load(str(base.path), adapter_path=str(folder))
    ours = load_version(base, folder)
    np.testing.assert_allclose(np.array(ours(IDS)), np.array(theirs(IDS)), atol=1e-5)
    assert not mx.allclose(ours(IDS), base.model(IDS)).item()


def test_plain_mlx_lm_agrees_on_a_quantized_base(quantized_base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(quantized_base, tmp_path / "v1")
    theirs, _ = mlx_lm.load(str(quantized_base.path), adapter_path=str(folder))
    np.testing.assert_allclose(np.array(load_version(quantized_base, folder)(IDS)), np.array(theirs(IDS)), atol=1e-4)


def test_more_layers_than_there_are_means_all(base: BaseModel) -> None:
    assert shape_of(base, 16) == shape_of(base) == shape_of(base, 2)
    assert len(shape_of(base).keys) == 7


def test_fewer_layers_are_the_last_ones(base: BaseModel) -> None:
    model = with_fresh_adapter(base, shape_of(base, 1), seed=0)
    assert {name.split(".")[2] for name in adapter_weights(model)} == {"1"}


def test_the_adapter_of_another_base_is_refused(base: BaseModel, tmp_path: Path) -> None:
    other = load_base(write_tiny_model(tmp_path / "other", seed=9))
    assert other.fingerprint != base.fingerprint
    folder = write_version(other, tmp_path / "v1")
    with pytest.raises(KnownError, match="another base"):
        load_version(base, folder)


def test_the_fingerprint_follows_the_content_not_the_place(base: BaseModel, tmp_path: Path) -> None:
    copy = shutil.copytree(base.path, tmp_path / "copy")
    assert load_base(copy).fingerprint == base.fingerprint
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": "{{ messages }}"}))
    changed = load_base(copy)
    assert changed.fingerprint != base.fingerprint
    assert changed.template_hash != base.template_hash


def test_a_damaged_adapter_is_refused(base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(base, tmp_path / "v1")
    (folder / ADAPTER_FILE).write_bytes((folder / ADAPTER_FILE).read_bytes()[:-100])
    with pytest.raises(KnownError, match="can't be read"):
        load_version(base, folder)


def test_an_adapter_of_another_shape_is_refused(base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(base, tmp_path / "v1")
    settings = json.loads((folder / ADAPTER_CONFIG).read_text())
    settings["lora_parameters"]["rank"] = 5
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings))
    with pytest.raises(KnownError, match="does not fit"):
        load_version(base, folder)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="no model at"):
        load_base(tmp_path / "nowhere")


def test_a_model_that_wants_to_run_its_own_code_is_refused(base: BaseModel, tmp_path: Path) -> None:
    copy = shutil.copytree(base.path, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text()) | {"model_file": "evil.py"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(KnownError, match="own code"):
        load_base(copy)
