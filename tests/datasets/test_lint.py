"""Findings about a pair, from its texts and from its neighbours."""

from __future__ import annotations

from lorastudio.datasets.lint import Finding, lint
from lorastudio.datasets.neighbours import Neighbourhood, view
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin, Split

LONG = " ".join(f"word{number}" for number in range(60))


def pair_of(prompt: str, good: str | None, bad: str | None = None, group: str = "g") -> NewPair:
    return NewPair(user(prompt), good, bad, group, Origin.IMPORTED)


def test_texts() -> None:
    ask = user("Why?")
    assert lint(ask, "Because it is so.", "I was not sure at all.") == []
    assert lint(ask, "Because it is so.", "because it is so") == [Finding.SAME_TEXT]
    assert lint(ask, LONG, LONG.replace("word7 ", "other ")) == [Finding.TRIVIAL_EDIT]
    assert lint(ask, "Because it is so, and so on.", "So it is.") == [Finding.LENGTH_BIAS]
    assert Finding.LANGUAGES_DIFFER in lint(ask, "The sample was made in the lab.", "A amostra não foi feita aqui.")
    assert lint(ask, "x" * 9000, None) == [Finding.TOO_LONG]
    assert lint(user("x" * 9000), "y", None, max_tokens=4096) == []


def test_near_duplicates() -> None:
    near = Neighbourhood()
    near.add(view(pair_of("Why?", LONG)), Split.TRAIN)
    assert near.around(view(pair_of("Why?", LONG + " more"))).findings(Split.TRAIN) == [Finding.NEAR_DUPLICATE]
    assert near.around(view(pair_of("Why?", "Because."))).findings(Split.TRAIN) == []


def test_clashes_are_between_groups_and_across_the_split_alone() -> None:
    near = Neighbourhood()
    near.add(view(pair_of("Why?", LONG, group="held")), Split.HELDOUT)
    near.add(view(pair_of("When?", LONG[::-1], group="train")), Split.TRAIN)
    assert near.around(view(pair_of("Why?", LONG, group="other"))).clashes(Split.TRAIN)
    assert near.around(view(pair_of("why", "Quite another answer.", group="other"))).clashes(Split.DEVELOPMENT)
    assert near.around(view(pair_of("When?", "x", group="other"))).clashes(Split.HELDOUT)
    assert near.around(view(pair_of("Say!", None, None, "other"))).clashes(Split.QUARANTINED)
    assert not near.around(view(pair_of("Why?", LONG, group="held"))).clashes(Split.HELDOUT)
    assert not near.around(view(pair_of("Why?", LONG, group="other"))).clashes(Split.HELDOUT)
    assert not near.around(view(pair_of("Who?", "Nobody knows.", group="other"))).clashes(Split.TRAIN)


def test_a_held_out_bad_answer_that_turns_up_as_a_good_one_clashes() -> None:
    near = Neighbourhood()
    near.add(view(pair_of("Why is it so?", "Because.", LONG, group="held")), Split.HELDOUT)
    assert near.around(view(pair_of("Why is it like so?", LONG, group="other"))).clashes(Split.TRAIN)
