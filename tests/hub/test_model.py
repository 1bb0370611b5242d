"""Names of models on the hub."""

from __future__ import annotations

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.hub.model import HubModel, hub_model, parse_hub_model


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("mlx-community/Qwen3-0.6B-4bit", HubModel("mlx-community/Qwen3-0.6B-4bit")),
        ("owner/name@v1.0", HubModel("owner/name", "v1.0")),
        ("owner/name@refs/pr/3", HubModel("owner/name", "refs/pr/3")),
        ("a/b@" + "0f" * 20, HubModel("a/b", "0f" * 20)),
    ],
)
def test_names_are_read_and_written_alike(text: str, model: HubModel) -> None:
    assert parse_hub_model(text) == model
    assert str(model) == text


@pytest.mark.parametrize(
    "text",
    [
        "practice",
        "/etc/passwd",
        "../name",
        "a/b/c",
        "a/..",
        "a/b@",
        "a/b@../x",
        "a--b/c",
        "a/b@x y",
        "ä/b",
        "",
        "a/b?x",
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert parse_hub_model(text) is None
    with pytest.raises(UsageError, match="owner/name"):
        hub_model(text)


def test_only_a_whole_commit_pins() -> None:
    assert HubModel("a/b", "0f" * 20).pinned
    assert not HubModel("a/b", "0f" * 19).pinned
    assert HubModel("a/b", "v 1/x").listing_path == "/api/models/a/b/revision/v%201%2Fx?blobs=true"
