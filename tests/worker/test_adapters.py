from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import mlx_lm
import numpy as np
import pytest
from mlx.utils import tree_flatten
from mlx_lm.models import phi3, qwen3_moe

from lorastudio.domain.errors import KnownError
from lorastudio.training.config import AdapterKind
from lorastudio.training.protocol import ADAPTER_CONFIG, ADAPTER_FILE
from lorastudio.worker.adapters import (
    AdapterShape,
    adapter_weights,
    choose_shape,
    load_version,
    stored_thinking,
    with_fresh_adapter,
)
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.thinking import ThinkingSwitch
from tests.worker.tiny_model import write_tiny_model
from tests.worker.tiny_versions import write_version

IDS = mx.array([[3, 20, 31, 44, 4]])


def shape_of(
    base: BaseModel, layers: int | None = None, dropout: float = 0.0, kind: AdapterKind = AdapterKind.LORA
) -> AdapterShape:
    return choose_shape(base, rank=4, scale=2.0, dropout=dropout, layers=layers, kind=kind)


@pytest.mark.parametrize("kind", list(AdapterKind))
def test_a_fresh_adapter_changes_nothing(base: BaseModel, kind: AdapterKind) -> None:
    model = with_fresh_adapter(base, shape_of(base, kind=kind), seed=3)
    assert mx.array_equal(model(IDS), base.model(IDS)).item()


@pytest.mark.parametrize("kind", list(AdapterKind))
def test_versions_share_the_weights_of_the_base(base: BaseModel, kind: AdapterKind) -> None:
    model = with_fresh_adapter(base, shape_of(base, kind=kind), seed=3)
    own = {name.replace(".linear.", "."): array for name, array in tree_flatten(model.parameters())}
    for name, array in tree_flatten(base.model.parameters()):
        assert own[name] is array
    assert {name for name, _ in tree_flatten(model.trainable_parameters())} == set(adapter_weights(model))


def test_the_start_depends_on_the_seed_alone(base: BaseModel) -> None:
    def start(seed: int) -> bytes:
        return tensor_bytes(adapter_weights(with_fresh_adapter(base, shape_of(base), seed)))

    mx.random.normal((3,))  # what others draw makes no difference
    assert start(5) == start(5) != start(6)


@pytest.mark.parametrize("kind", list(AdapterKind))
@pytest.mark.parametrize("layers", [None, 1])
def test_plain_mlx_lm_loads_the_version_with_the_same_outputs(
    base: BaseModel, tmp_path: Path, layers: int | None, kind: AdapterKind
) -> None:
    folder = write_version(base, tmp_path / "v1", shape_of(base, layers, kind=kind))
    theirs, _ = mlx_lm.load(str(base.path), adapter_path=str(folder))
    ours = load_version(base, folder)
    np.testing.assert_allclose(np.array(ours(IDS)), np.array(theirs(IDS)), atol=2e-5)
    assert not mx.allclose(ours(IDS), base.model(IDS)).item()


@pytest.mark.parametrize("kind", list(AdapterKind))
@pytest.mark.parametrize("bits", [4, 8])
def test_plain_mlx_lm_agrees_on_a_quantized_base(
    quantized_base: Callable[[int], BaseModel], tmp_path: Path, bits: int, kind: AdapterKind
) -> None:
    base = quantized_base(bits)
    folder = write_version(base, tmp_path / "v1", shape_of(base, kind=kind))
    theirs, _ = mlx_lm.load(str(base.path), adapter_path=str(folder))
    np.testing.assert_allclose(np.array(load_version(base, folder)(IDS)), np.array(theirs(IDS)), atol=2e-4)


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


def test_an_adapter_of_another_kind_is_refused(base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(base, tmp_path / "v1")
    settings = json.loads((folder / ADAPTER_CONFIG).read_text())
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings | {"fine_tune_type": "full"}))
    with pytest.raises(KnownError, match="neither LoRA nor DoRA"):
        load_version(base, folder)


def test_the_thinking_switch_is_stored_with_the_adapter(base: BaseModel, tmp_path: Path) -> None:
    folder = write_version(base, tmp_path / "v1")
    assert stored_thinking(folder) == ThinkingSwitch(enabled=False)
    settings = json.loads((folder / ADAPTER_CONFIG).read_text())
    for record, expected in ((None, None), ({"enabled": True, "closing": "x"}, ThinkingSwitch(True, "x"))):
        (folder / ADAPTER_CONFIG).write_text(json.dumps(settings | {"thinking": record}))
        assert stored_thinking(folder) == expected
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings | {"thinking": {"enabled": 3}}))
    with pytest.raises(KnownError, match="thinking switch"):
        stored_thinking(folder)


def test_targets_are_the_ends_of_names(base: BaseModel) -> None:
    def keys(*targets: str) -> tuple[str, ...]:
        return choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=None, target_modules=targets).keys

    assert keys("q_proj", "mlp.up_proj") == ("mlp.up_proj", "self_attn.q_proj")
    with pytest.raises(KnownError, match="no linear layer called qkv_proj") as caught:
        keys("q_proj", "qkv_proj")
    assert "mlp.down_proj" in caught.value.hint and "self_attn.v_proj" in caught.value.hint
    with pytest.raises(KnownError):
        keys("proj")  # the end of a name, but not of a whole part of it


def test_experts_keep_their_weights_and_fused_layers_are_adapted() -> None:
    small = {
        "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48, "num_attention_heads": 2,
        "num_key_value_heads": 1, "vocab_size": 86, "rms_norm_eps": 1e-5, "rope_theta": 1000.0,
        "max_position_embeddings": 96, "head_dim": 16, "tie_word_embeddings": False,
    }  # fmt: skip
    experts = {
        "num_experts": 4, "num_experts_per_tok": 2, "decoder_sparse_step": 1, "mlp_only_layers": [],
        "moe_intermediate_size": 24, "norm_topk_prob": True,
    }  # fmt: skip
    mixture = qwen3_moe.Model(qwen3_moe.ModelArgs.from_dict(small | experts | {"model_type": "qwen3_moe"}))
    fused = phi3.Model(phi3.ModelArgs.from_dict(small | {"model_type": "phi3"}))
    found = [shape_of(BaseModel(Path(), model, None, {})).keys for model in (mixture, fused)]
    assert found[0] == ("mlp.gate", *(f"self_attn.{name}_proj" for name in "koqv"))
    assert found[1] == ("mlp.down_proj", "mlp.gate_up_proj", "self_attn.o_proj", "self_attn.qkv_proj")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="no model at"):
        load_base(tmp_path / "nowhere")


def test_a_model_that_wants_to_run_its_own_code_is_refused(base: BaseModel, tmp_path: Path) -> None:
    copy = shutil.copytree(base.path, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text()) | {"model_file": "evil.py"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(KnownError, match="own code"):
        load_base(copy)
