"""Which base model is meant: folders and names of the hub, whole or not, and their names for good."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.paths import practice_model
from lorastudio.services.base_models import is_practice, missing_from_here, pinned_base, resolve_base

COMMIT = "c0ffee00" * 5
NAME = "someone/model"


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The practice model in a cache of the hub, where another tool has put it."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    repository = tmp_path / "hub" / "models--someone--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(practice_model(), repository / "snapshots" / COMMIT)


def test_a_hub_name_means_the_same_files_for_good(snapshot: Path) -> None:
    assert pinned_base(NAME) == pinned_base(f"{NAME}@{COMMIT}") == f"{NAME}@{COMMIT}"
    (snapshot.parents[1] / "refs" / "main").write_text("d" * 40)
    assert missing_from_here(NAME) is not None
    assert resolve_base(f"{NAME}@{COMMIT}") == snapshot


def test_a_folder_is_named_in_full_and_comes_before_the_hub(
    snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(practice_model(), tmp_path / "someone" / "model")
    assert pinned_base(NAME) == str(tmp_path / "someone" / "model")
    assert missing_from_here(NAME) is None
    assert pinned_base("practice") == "practice"
    assert is_practice(pinned_base(str(practice_model())))


def test_a_model_of_which_parts_are_missing_is_not_here(snapshot: Path) -> None:
    parts = {"a.weight": "model-00001-of-00002.safetensors", "b.weight": "model-00002-of-00002.safetensors"}
    (snapshot / "model.safetensors").rename(snapshot / parts["a.weight"])
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert str(missing_from_here(NAME)) == NAME
    with pytest.raises(KnownError, match="model-00002-of-00002") as caught:
        resolve_base(NAME)
    assert f"lorastudio model download {NAME}" in caught.value.hint
    (snapshot / parts["b.weight"]).symlink_to("../../blobs/gone")
    assert missing_from_here(NAME) is not None
    (snapshot / parts["b.weight"]).unlink()
    (snapshot / parts["b.weight"]).touch()
    assert missing_from_here(NAME) is None


@pytest.mark.parametrize("base", ["/nowhere", "no name", "a/b/c"])
def test_what_can_not_be_on_the_hub_is_not_looked_for_there(base: str) -> None:
    assert missing_from_here(base) is None
    with pytest.raises(KnownError, match="No base model is found"):
        resolve_base(base)
