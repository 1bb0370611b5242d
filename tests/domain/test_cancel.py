from __future__ import annotations

import gc
import weakref

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled


def test_a_child_is_cancelled_with_its_parent_and_alone() -> None:
    parent = CancelToken()
    first, second = parent.child(), parent.child()
    first.cancel()
    assert first.cancelled and not second.cancelled and not parent.cancelled
    grandchild = second.child()
    parent.cancel()
    assert grandchild.cancelled
    with pytest.raises(Cancelled):
        second.check()
    assert parent.child().cancelled


def test_the_wish_to_finish_is_meant_for_the_work_under_way() -> None:
    parent = CancelToken()
    at_work = parent.child()
    parent.finish()
    assert at_work.finishing and not at_work.cancelled
    assert not parent.child().finishing  # work that comes later


def test_a_parent_keeps_no_child_alive() -> None:
    parent = CancelToken()
    gone = weakref.ref(parent.child())
    gc.collect()
    assert gone() is None
