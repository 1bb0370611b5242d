from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lorastudio.worker.forest import Forest, grow_forest

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=12)


def tokens_of(forest: Forest, sequence: int) -> list[int]:
    return np.concatenate([forest.nodes[node].tokens for node in forest.path(sequence)]).tolist()


@settings(deadline=None)
@given(SEQUENCES, st.integers(1, 5))
def test_every_sequence_is_its_path(sequences: list[list[int]], least: int) -> None:
    forest = grow_forest(sequences, least)
    assert [tokens_of(forest, number) for number in range(len(sequences))] == sequences
    for number, node in enumerate(forest.nodes):
        assert len(node.tokens)
        assert node.parent is None or node.parent < number
        before = (
            0 if node.parent is None else forest.nodes[node.parent].position + len(forest.nodes[node.parent].tokens)
        )
        assert node.position == before


@settings(deadline=None)
@given(SEQUENCES)
def test_with_no_least_everything_common_is_held_once(sequences: list[list[int]]) -> None:
    prefixes = {tuple(sequence[: end + 1]) for sequence in sequences for end in range(len(sequence))}
    assert grow_forest(sequences, 1).tokens == len(prefixes)


@settings(deadline=None)
@given(SEQUENCES, st.integers(1, 5))
def test_the_order_of_the_sequences_changes_nothing_that_is_shared(sequences: list[list[int]], least: int) -> None:
    assert grow_forest(sequences, least).tokens == grow_forest(sequences[::-1], least).tokens


def test_short_beginnings_are_not_worth_sharing() -> None:
    forest = grow_forest([[1, 2, 3, 4, 5], [1, 2, 3, 9], [1, 8]], least_shared=3)
    assert forest.tokens == 5 + 1 + 2
    assert len(forest.path(0)) == 2 and len(forest.path(2)) == 1


def test_ids_are_compared_as_numbers() -> None:
    """Sorting bytes must not put 256 before 1: neighbours would no longer share the most."""
    forest = grow_forest([[256, 1], [1, 256], [256, 2], [1, 257]], least_shared=1)
    assert forest.tokens == 6
