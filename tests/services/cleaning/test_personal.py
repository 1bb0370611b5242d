"""Masking: counted first, undone or forgotten, and never shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import NewPair, Origin, PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services import curation
from lorastudio.services.cleaning.personal import Masked, Personal, find_exposed, mask_exposed
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.pairs import get_original, get_pair, list_pairs
from tests.services.cleaning.samples import add, pair

SECRET = "ana.quimera@hospital.org"


def expose(library: Library) -> tuple[int, ...]:
    return add(
        library,
        pair(f"Who is {SECRET}?", "Somebody.", f"Ask {SECRET} from 8.8.8.8."),
        pair("Nothing?", "Nothing.", extra={"source": [f"mail of {SECRET}"], "page": 3}),
        pair("Clean?", "Clean."),
    )


def masked(library: Library, *, forget: bool = False) -> Masked:
    return mask_exposed(library, CancelToken(), forget=forget)


def test_what_is_found_is_counted_and_never_shown(empty_library: Library) -> None:
    first, second, _ = expose(empty_library)
    found = list(find_exposed(empty_library, CancelToken()))
    assert [(one.pair_id, one.found) for one in found] == [
        (first, {"IP address": 1, "e-mail": 2}),
        (second, {"e-mail": 1}),
    ]
    assert SECRET not in str([asdict(one) for one in found])
    only = find_exposed(empty_library, CancelToken(), kinds=[Personal.IP])
    assert [one.pair_id for one in only] == [first]
    assert list(find_exposed(empty_library, CancelToken(), PairFilter(states=(PairState.REJECTED,)))) == []


def test_masking_is_one_step_that_undo_takes_back(empty_library: Library) -> None:
    first, second, third = expose(empty_library)
    before = list_pairs(empty_library)
    done = masked(empty_library)
    assert (done.changes.pairs, done.equal, done.forgotten) == ((first, second), (), 0)
    now = get_pair(empty_library, first)
    assert (now.prompt, now.bad) == (user("Who is [e-mail]?"), "Ask [e-mail] from [IP address].")
    assert now.origin is Origin.EDITED
    assert get_pair(empty_library, second).extra == {"source": ["mail of [e-mail]"], "page": 3}
    assert get_pair(empty_library, third) == before[2]
    assert list(find_exposed(empty_library, CancelToken())) == []
    assert masked(empty_library).changes.pairs == ()
    assert curation.undo(empty_library).undo_label == "masking of 2 pairs"
    assert list_pairs(empty_library) == before


@pytest.mark.parametrize("forget", [False, True])
def test_only_what_is_forgotten_leaves_the_file(tmp_path: Path, forget: bool) -> None:
    home = tmp_path / "home"
    with Library.open(home, write=True) as library:
        (first, *_) = expose(library)
        curation.edit_pair(library, first, good=f"Somebody at {SECRET}.")
        done = masked(library, forget=forget)
        assert bool(done.forgotten) is forget
        curation.undo(library)
        original = get_original(library, first)
        assert (SECRET in str(get_pair(library, first))) is not forget
        assert original is None or (SECRET in str(original)) is not forget
    held = b"".join(path.read_bytes() for path in home.glob(f"{LIBRARY_FILE}*"))
    assert (SECRET.encode() in held) is not forget
    assert (b"quimera" in held) is not forget


def test_two_that_would_become_one_are_left_and_named(empty_library: Library) -> None:
    ids = add(empty_library, pair("Who?", "ana@hospital.org"), pair("Who?", "rui@hospital.org"))
    done = masked(empty_library)
    assert (done.changes.pairs, done.equal) == (ids[:1], ids[1:])
    assert get_pair(empty_library, ids[1]).good == "rui@hospital.org"


def test_system_prompts_are_masked_too(empty_library: Library) -> None:
    prompt = (Message("system", f"You write to {SECRET}."), *user("Write!"))
    (one,) = add(empty_library, NewPair(prompt, "Dear all.", None, "g", Origin.IMPORTED))
    masked(empty_library)
    assert get_pair(empty_library, one).prompt[0].content == "You write to [e-mail]."
