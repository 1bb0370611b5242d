from __future__ import annotations

import pytest

from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting, set_setting


@pytest.mark.parametrize("value", [1000, 0.8, "practice", None, True, ["a"], {"a": {"b": 1}}])
def test_a_setting_comes_back_as_it_was(library: Library, value: object) -> None:
    set_setting(library, "key", "earlier")
    set_setting(library, "key", value)
    assert get_setting(library, "key", "default") == value


def test_a_setting_that_nobody_chose_has_its_default(library: Library) -> None:
    assert get_setting(library, "needed_pairs", 1000) == 1000
    assert get_setting(library, "base_model") is None
