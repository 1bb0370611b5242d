from __future__ import annotations

import pytest

from lorastudio.domain.errors import BugError
from lorastudio.store.deployments import (
    begin_deployment,
    finish_deployment,
    flip,
    list_deployments,
    live_version,
    unfinished_deployments,
)
from lorastudio.store.library import Library
from tests.store.samples import new_version


@pytest.fixture(autouse=True)
def two_versions(library: Library) -> None:
    new_version(library, 1)
    new_version(library, 2)


def begin(library: Library, version: int | None, previous: int | None, target: str = "local") -> int:
    return begin_deployment(library, target=target, version=version, previous=previous, kind="deploy", reason="")


def deploy(library: Library, version: int | None, previous: int | None) -> int:
    deployment_id = begin(library, version, previous)
    flip(library, deployment_id)
    finish_deployment(library, deployment_id, "done", "")
    return deployment_id


def test_nothing_is_live_until_a_deployment_flips(library: Library) -> None:
    assert live_version(library) is None
    deployment_id = begin(library, 1, None)
    assert live_version(library) is None
    flip(library, deployment_id)
    assert live_version(library) == 1
    assert live_version(library, "ollama") is None


def test_the_base_can_be_deployed_again(library: Library) -> None:
    deploy(library, 1, None)
    deploy(library, None, 1)
    assert live_version(library) is None


@pytest.mark.parametrize("end", ["failed", "undone"])
def test_a_deployment_that_fails_after_its_flip_puts_the_old_pointer_back(library: Library, end: str) -> None:
    deploy(library, 1, None)
    failing = begin(library, 2, 1)
    flip(library, failing)
    assert live_version(library) == 2
    finish_deployment(library, failing, end, "the probe failed")
    assert live_version(library) == 1
    last = list_deployments(library)[-1]
    assert (last.state, last.note, last.version, last.previous) == (end, "the probe failed", 2, 1)


def test_a_deployment_that_fails_before_its_flip_leaves_the_pointer(library: Library) -> None:
    deploy(library, 1, None)
    finish_deployment(library, begin(library, 2, None), "failed", "no room")
    assert live_version(library) == 1


def test_what_a_crash_left_is_found(library: Library) -> None:
    deploy(library, 1, None)
    intended, flipped = begin(library, 2, 1), begin(library, 2, 1)
    flip(library, flipped)
    assert [(entry.id, entry.state) for entry in unfinished_deployments(library)] == [
        (intended, "intended"),
        (flipped, "flipped"),
    ]


def test_an_entry_flips_and_finishes_once(library: Library) -> None:
    deployment_id = deploy(library, 1, None)
    with pytest.raises(BugError, match="it is done"):
        flip(library, deployment_id)
    with pytest.raises(BugError, match="is finished"):
        finish_deployment(library, deployment_id, "undone", "")
    with pytest.raises(BugError, match="no deployment 99"):
        flip(library, 99)
