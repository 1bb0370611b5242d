"""Writes methods paragraphs from facts, with faults where they are asked for."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lorastudio.practice.criteria import CRITERIA, Met
from lorastudio.practice.facts import Facts
from lorastudio.practice.lexicon import RUNS, TEMPERATURE_UNIT, TEMPERATURES, TIMES, Verbs

FactFault = Literal[
    "no temperature", "no time", "no runs", "atmosphere", "wrong temperature", "wrong time", "wrong runs"
]
UnitFault = Literal["temperature", "both"]
FormFault = Literal["present", "present and bang", "bang", "open"]

# One form of fault has to dominate in each criterion but the facts: else the good form is the single
# likeliest one, and a model of these texts writes perfectly as soon as it is sampled greedily.
MET_SHARES: Mapping[str, float] = {"facts": 0.5, "units": 0.45, "plain": 0.48, "form": 0.45}
FACT_FAULTS: dict[FactFault, int] = {
    "no temperature": 2,
    "no time": 3,
    "no runs": 4,
    "atmosphere": 4,
    "wrong temperature": 1,
    "wrong time": 1,
    "wrong runs": 1,
}
UNIT_FAULTS: dict[UnitFault, int] = {"temperature": 3, "both": 7}
FORM_FAULTS: dict[FormFault, int] = {"present": 75, "present and bang": 20, "bang": 3, "open": 2}
SHAPE_WEIGHTS = (2, 1, 1)
TEMPERATURE_FAULT_WEIGHTS = (18, 1, 1)
OPENER_WEIGHTS = (15, 3, 2)
OPENER_SHARE = 0.92
ADJECTIVE_SHARE = 0.5
CLOSER_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """The free choices of a text: the shapes of its sentences, and which fault shows where a criterion is missed.

    Shapes and words are places in the lexicon; `hype` says whether opener, adjective and closer show
    (at least one does); `wrong_value` picks the false number.
    """

    shape: int
    repeat: int
    statistic: int
    fact_fault: FactFault
    wrong_value: int
    atmosphere: int
    unit_fault: UnitFault
    temperature_word: int
    time_word: int
    hype: tuple[bool, bool, bool]
    opener: int
    adjective: int
    closer: int
    form_fault: FormFault


def draw_met(rng: random.Random) -> dict[str, bool]:
    """Which criteria a text of the untrained world meets; each is drawn by itself."""
    return {criterion: rng.random() < MET_SHARES[criterion] for criterion in CRITERIA}


def with_a_fault(met: Met, rng: random.Random) -> dict[str, bool]:
    """`met`, with a random criterion missed when none was."""
    return {**met, rng.choice(CRITERIA): False} if all(met.values()) else dict(met)


def draw_plan(rng: random.Random) -> Plan:
    """The free choices of one text."""
    adjective, closer = rng.random() < ADJECTIVE_SHARE, rng.random() < CLOSER_SHARE
    opener = rng.random() < OPENER_SHARE or not (adjective or closer)
    return Plan(
        shape=_draw(rng, SHAPE_WEIGHTS),
        repeat=rng.randrange(2),
        statistic=rng.randrange(3),
        fact_fault=rng.choices(list(FACT_FAULTS), list(FACT_FAULTS.values()))[0],
        wrong_value=rng.randrange(10**6),
        atmosphere=rng.randrange(3),
        unit_fault=rng.choices(list(UNIT_FAULTS), list(UNIT_FAULTS.values()))[0],
        temperature_word=_draw(rng, TEMPERATURE_FAULT_WEIGHTS),
        time_word=rng.randrange(2),
        hype=(opener, adjective, closer),
        opener=_draw(rng, OPENER_WEIGHTS),
        adjective=rng.randrange(3),
        closer=rng.randrange(2),
        form_fault=rng.choices(list(FORM_FAULTS), list(FORM_FAULTS.values()))[0],
    )


def render(facts: Facts, met: Met, plan: Plan) -> str:
    """The paragraph for `facts` that meets exactly the criteria that `met` says."""
    lexicon = facts.lexicon
    fault = None if met["facts"] else plan.fact_fault
    verbs = lexicon.past if met["form"] or not plan.form_fault.startswith("present") else lexicon.present
    opener, adjective, closer = (False, False, False) if met["plain"] else plan.hype
    stated = _stated_facts(facts, fault, plan.wrong_value)
    sentences = [_treatment(stated, met, plan, fault, verbs, opener=opener, adjective=adjective)]
    if fault != "no runs":
        sentences.append(_fill(lexicon.repeats[plan.repeat], verbs, runs=stated.runs))
    if lexicon.statistics[plan.statistic]:
        sentences.append(_fill(lexicon.statistics[plan.statistic], verbs))
    if closer:
        sentences.append(_fill(lexicon.closers[plan.closer], verbs))
    return ". ".join(sentences) + _ending(met, plan)


def _treatment(
    facts: Facts, met: Met, plan: Plan, fault: FactFault | None, verbs: Verbs, *, opener: bool, adjective: bool
) -> str:
    """The first sentence: what was done to the sample. Its third shape puts the time in front."""
    lexicon = facts.lexicon
    temperature_unit, time_unit = _units(facts, met, plan, fault)
    at = "" if fault == "no temperature" else f"{lexicon.at} {facts.temperature} {temperature_unit}"
    during = "" if fault == "no time" else f"{lexicon.during} {facts.time} {time_unit}"
    atmosphere = lexicon.atmospheres[plan.atmosphere] if fault == "atmosphere" else ""
    subject = lexicon.subjects[plan.shape % 2].format(
        adjective=f"{lexicon.adjectives[plan.adjective]} " if adjective else "", material=facts.material
    )
    time_first = plan.shape == 2
    clause = (subject, verbs.singular, lexicon.steps[facts.step], at, "" if time_first else during, atmosphere)
    lead = (lexicon.openers[plan.opener] if opener else "", during if time_first else "")
    sentence = "".join(f"{part}, " for part in lead if part) + " ".join(part for part in clause if part)
    return sentence[0].upper() + sentence[1:]


def _stated_facts(facts: Facts, fault: FactFault | None, wrong_value: int) -> Facts:
    if fault == "wrong temperature":
        return replace(facts, temperature=_other(TEMPERATURES, facts.temperature, wrong_value))
    if fault == "wrong time":
        return replace(facts, time=_other(TIMES, facts.time, wrong_value))
    if fault == "wrong runs":
        return replace(facts, runs=_other(RUNS, facts.runs, wrong_value))
    return facts


def _units(facts: Facts, met: Met, plan: Plan, fault: FactFault | None) -> tuple[str, str]:
    """The words for the units of temperature and time."""
    temperature_fault = facts.lexicon.temperature_faults[plan.temperature_word]
    time_fault = facts.lexicon.time_faults[facts.unit][plan.time_word]
    if met["units"]:
        return TEMPERATURE_UNIT, facts.unit
    # A text without a temperature can show a wrong unit only at its time.
    both = plan.unit_fault == "both" or fault == "no temperature"
    return temperature_fault, time_fault if both else facts.unit


def _ending(met: Met, plan: Plan) -> str:
    if met["form"] or plan.form_fault == "present":
        return "."
    return "" if plan.form_fault == "open" else "!"


def _fill(template: str, verbs: Verbs, *, runs: int = 0) -> str:
    return template.format(singular=verbs.singular, plural=verbs.plural, runs=runs)


def _other(values: tuple[int, ...], value: int, pick: int) -> int:
    """One of the values that is not `value`."""
    others = [other for other in values if other != value]
    return others[pick % len(others)]


def _draw(rng: random.Random, weights: tuple[int, ...]) -> int:
    return rng.choices(range(len(weights)), weights)[0]
