from __future__ import annotations

import pytest

from lorastudio.gate.repetition import repeats


@pytest.mark.parametrize(
    ("text", "looping"),
    [
        ("", False),
        ("A sample.", False),
        ("A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times.", False),
        ("The run was repeated. " * 6, True),
        ("the the the the the the the the", True),
        ("A sample of copper was aged. A sample of copper was cooled slowly in dry air at noon.", False),
    ],
)
def test_loops_are_told_from_ordinary_text(text: str, looping: bool) -> None:
    assert repeats(text) is looping
