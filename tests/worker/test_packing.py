from __future__ import annotations

import numpy as np

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.forest import grow_forest
from lorastudio.worker.packing import Pack, pack_answers

PROMPT = (1, 2, 3)
ANSWERS = [Encoded(PROMPT, (4, 5, 6, 7)), Encoded(PROMPT, (4, 5, 8)), Encoded((9,), (4,))]


def packed(answers: list[Encoded], pairs: list[tuple[int, int]] | None = None) -> Pack:
    forest = grow_forest([answer.ids for answer in answers], least_shared=1)
    return pack_answers(forest, range(len(answers)), answers, pairs or [])


def test_what_is_shared_has_one_row_and_one_score() -> None:
    pack = packed(ANSWERS)
    assert pack.rows == 5 + 2 + 1 + 2
    assert [(s.start, s.stop, s.position, s.context) for s in pack.segments] == [
        (0, 5, 0, ()),
        (5, 7, 5, (0,)),
        (7, 8, 5, (0,)),
        (8, 10, 0, ()),
    ]
    ids = pack.targets.ids
    assert [ids[places].tolist() for places in pack.targets.places] == [[4, 5, 6, 7], [4, 5, 8], [4]]
    assert len(ids) == 2 + 2 + 1 + 1  # the beginning that both answers have is scored once


def test_only_rows_that_something_depends_on_are_needed() -> None:
    pack = packed(ANSWERS)
    assert [segment.needed for segment in pack.segments] == [2, 5, 8, 8]  # a last token alone predicts nothing
    # Sources count through the needed rows: 2, 3, 4 | 5, 6 | none | 8, 9.
    assert pack.targets.sources[pack.targets.places[0]].tolist() == [0, 1, 2, 3]
    assert pack.targets.sources[pack.targets.places[1]].tolist() == [0, 1, 2]
    assert pack.targets.sources[pack.targets.places[2]].tolist() == [5]


def test_what_cancels_is_not_scored() -> None:
    targets = packed(ANSWERS, [(0, 1)]).targets
    assert [targets.ids[places].tolist() for places in targets.places] == [[6, 7], [8], [4]]
    assert [kept.tolist() for kept in targets.kept] == [[False, False, True, True], [False, False, True], [True]]
    values = [np.array([1, 2, 3, 4], np.float32), np.array([1, 2, 5], np.float32), np.array([6], np.float32)]
    spread = np.array(targets.spread(values))
    assert [spread[places].tolist() for places in targets.places] == [[3, 4], [5], [6]]


def test_a_token_that_a_third_answer_needs_is_scored() -> None:
    third = Encoded(PROMPT, (4, 5, 1))
    targets = packed([*ANSWERS[:2], third], [(0, 1)]).targets
    assert targets.ids[targets.places[2]].tolist() == [4, 5, 1]
    assert targets.ids[targets.places[0]].tolist() == [4, 5, 6, 7]


def test_nodes_without_a_branching_between_them_are_one_segment() -> None:
    """The forest may split where an answer branches off that is not in this pass."""
    forest = grow_forest([answer.ids for answer in ANSWERS], least_shared=1)
    pack = pack_answers(forest, [0], ANSWERS[:1])
    assert [(segment.start, segment.stop) for segment in pack.segments] == [(0, 7)]
    assert pack.attended == 7 * 8 // 2


def test_attended_counts_every_query_with_what_it_sees() -> None:
    assert packed(ANSWERS).attended == 15 + (6 + 7) + 6 + 3
