from __future__ import annotations

from lorastudio.domain.critic_trial import CriticTrial, DefectKind, TrialOutcome, complaint_of, records_of
from lorastudio.store.critic_trials import add_trial, list_trials
from lorastudio.store.library import Library
from tests.store.samples import new_cycle


def trial(key: str, kind: DefectKind | None, outcome: TrialOutcome, **changes: object) -> CriticTrial:
    values: dict = {"critic": "red", "model": "tiny", "cycle_id": None, "score": 0.5, "before": 1.0} | changes
    return CriticTrial(key=key, kind=kind, outcome=outcome, **values)


def test_a_trial_is_kept_once(library: Library) -> None:
    cycle = new_cycle(library)
    first = trial("a", DefectKind.HYPE, TrialOutcome.FOUND, cycle_id=cycle.id)
    other = trial("b", None, TrialOutcome.UNREADABLE, critic="blue", score=None, before=None)
    assert add_trial(library, first) and add_trial(library, other)
    assert not add_trial(library, trial("a", DefectKind.HYPE, TrialOutcome.MISSED))
    assert list_trials(library) == [first, other]
    assert list_trials(library, critic="blue") == [other]
    assert list_trials(library, cycle_id=cycle.id) == [first]


def test_a_record_counts_by_critic_and_model_and_says_what_is_wrong() -> None:
    found = [trial(f"n{place}", DefectKind.NUMBER, TrialOutcome.FOUND) for place in range(6)]
    missed = [trial(f"h{place}", DefectKind.HYPE, TrialOutcome.MISSED) for place in range(2)]
    clean = [trial(f"c{place}", None, TrialOutcome.CLEAN) for place in range(3)]
    other = [trial("o", DefectKind.CODE, TrialOutcome.MISSED, model="large")]
    good, lone = records_of([*found, *clean, *other])
    assert (good.hit_rate, good.alarm_rate, good.complaints, complaint_of(good)) == (1.0, 0.0, (), None)
    assert (lone.model, lone.hit_rate, lone.alarm_rate, lone.complaints) == ("large", 0.0, None, ())
    (blind,) = records_of([*found, *missed])
    assert blind.kinds == {"number changed": (6, 6), "hype added": (0, 2)}
    assert complaint_of(blind) == "The critic 'red' (tiny) misjudges: it never saw: hype added."
    alarmed = [trial(f"a{place}", None, TrialOutcome.ALARM) for place in range(2)]
    (harsh,) = records_of([*clean, *alarmed])
    assert harsh.complaints == ("it blamed 2 of 5 unchanged answers",)
    unread = [trial(f"u{place}", DefectKind.NUMBER, TrialOutcome.UNREADABLE) for place in range(4)]
    (mute,) = records_of(unread)
    assert (mute.found, mute.unreadable) == (0, 4)
    assert "4 of its answers could not be read" in mute.complaints
