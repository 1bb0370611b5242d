from __future__ import annotations

import pytest

from lorastudio.domain.sizes import size_in_words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (351e6, "351 MB"), (999.6e6, "1.0 GB"), (4.26e9, "4.3 GB"),
     (2e13, "20.0 TB")],
)  # fmt: skip
def test_sizes_read_like_those_of_disks(size_bytes: float, words: str) -> None:
    assert size_in_words(size_bytes) == words
