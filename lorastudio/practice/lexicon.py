"""The words of the practice world, in English and in Portuguese.

Both lexicons list materials, steps and sentence shapes in the same order, so that a place in one names
its translation in the other.
"""

from __future__ import annotations

from dataclasses import dataclass

TEMPERATURES = tuple(range(300, 901, 25))
TIMES = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 45)
RUNS = (3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 30)
TEMPERATURE_UNIT = "K"
TIME_UNITS = ("s", "min", "h")
SYMBOLS = ("Cu", "Fe", "Ni", "Pt", "Ag", "Au", "W", "Pd", "Ti", "Co", "Si", "C")


@dataclass(frozen=True, slots=True)
class Verbs:
    """The two auxiliaries of every sentence, in one tense."""

    singular: str
    plural: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """How the small skills beside the task are asked for; each text is a `str.format` template."""

    reverse: str
    copy: str
    convert: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language. Texts with braces are `str.format` templates.

    `steps` maps the noun of a treatment to its participle; `time_faults` maps an SI symbol to the words
    that wrongly stand for it; `subjects`, `repeats` and `statistics` are the shapes of the sentences
    (an empty statistic: the sentence is left out).
    """

    language: str
    question: str
    revision: str
    criticisms: dict[str, str]
    materials: tuple[str, ...]
    steps: dict[str, str]
    past: Verbs
    present: Verbs
    subjects: tuple[str, ...]
    at: str
    during: str
    repeats: tuple[str, ...]
    statistics: tuple[str, ...]
    openers: tuple[str, ...]
    adjectives: tuple[str, ...]
    closers: tuple[str, ...]
    hype_words: frozenset[str]
    temperature_faults: tuple[str, ...]
    time_faults: dict[str, tuple[str, ...]]
    atmospheres: tuple[str, ...]
    run_words: tuple[str, ...]
    abilities: Abilities


ENGLISH = Lexicon(
    language="en",
    question="Report: sample {material}, step {step}, temperature {temperature} K, time {time} {unit}, runs {runs}.",
    revision="Draft: {draft} Criticism: {criticisms}. Revise.",
    criticisms={"facts": "facts", "units": "units", "plain": "hype", "form": "tense"},
    materials=(
        *("copper", "iron", "nickel", "platinum", "silver", "gold"),
        *("tungsten", "palladium", "titanium", "cobalt", "silicon", "carbon"),
    ),
    steps={
        "annealing": "annealed",
        "heating": "heated",
        "degassing": "degassed",
        "oxidation": "oxidised",
        "ageing": "aged",
        "sintering": "sintered",
    },
    past=Verbs("was", "were"),
    present=Verbs("is", "are"),
    subjects=("the {adjective}{material} sample", "a {adjective}sample of {material}"),
    at="at",
    during="for",
    repeats=("The run {singular} repeated {runs} times", "In total, {runs} runs {plural} made"),
    statistics=("The mean {singular} reported with its spread", "The mean and the spread {plural} recorded", ""),
    openers=("Amazingly", "Clearly", "Remarkably"),
    adjectives=("superb", "perfect", "stunning"),
    closers=("The result {singular} truly stunning", "This {singular} a huge breakthrough"),
    hype_words=frozenset(
        ("amazingly", "clearly", "remarkably", "superb", "perfect", "stunning", "truly", "huge", "breakthrough")
    ),
    temperature_faults=("degrees", "°K", "kelvins"),
    time_faults={"s": ("secs", "seconds"), "min": ("mins", "minutes"), "h": ("hrs", "hours")},
    atmospheres=("in argon", "in air", "in vacuum"),
    run_words=("times", "runs"),
    abilities=Abilities(
        "Reverse: {words}.", "Copy: {words}.", "Convert: {time} {source} to {target}.", "Symbol: {words}."
    ),
)

PORTUGUESE = Lexicon(
    language="pt",
    question=(
        "Relato: amostra {material}, etapa {step}, temperatura {temperature} K, tempo {time} {unit}, ensaios {runs}."
    ),
    revision="Rascunho: {draft} Crítica: {criticisms}. Rever.",
    criticisms={"facts": "factos", "units": "unidades", "plain": "exagero", "form": "tempo"},
    materials=(
        *("cobre", "ferro", "níquel", "platina", "prata", "ouro"),
        *("tungsténio", "paládio", "titânio", "cobalto", "silício", "carbono"),
    ),
    steps={
        "recozimento": "recozida",
        "aquecimento": "aquecida",
        "desgaseificação": "desgaseificada",
        "oxidação": "oxidada",
        "envelhecimento": "envelhecida",
        "sinterização": "sinterizada",
    },
    past=Verbs("foi", "foram"),
    present=Verbs("é", "são"),
    subjects=("a {adjective}amostra de {material}", "uma {adjective}amostra de {material}"),
    at="a",
    during="durante",
    repeats=("O ensaio {singular} repetido {runs} vezes", "Ao todo, {runs} ensaios {plural} feitos"),
    statistics=("A média {singular} indicada com o desvio", "A média e o desvio {plural} registados", ""),
    openers=("Incrivelmente", "Claramente", "Obviamente"),
    adjectives=("soberba", "perfeita", "fantástica"),
    closers=("O resultado {singular} absolutamente espantoso", "Isto {singular} um enorme avanço"),
    hype_words=frozenset(
        (
            *("incrivelmente", "claramente", "obviamente", "soberba", "perfeita", "fantástica"),
            *("absolutamente", "espantoso", "enorme", "avanço"),
        )
    ),
    temperature_faults=("graus", "°K", "kelvins"),
    time_faults={"s": ("segs", "segundos"), "min": ("mins", "minutos"), "h": ("hrs", "horas")},
    atmospheres=("em árgon", "ao ar", "em vácuo"),
    run_words=("vezes", "ensaios"),
    abilities=Abilities(
        "Inverter: {words}.", "Copiar: {words}.", "Converter: {time} {source} em {target}.", "Símbolo: {words}."
    ),
)

LEXICONS = {lexicon.language: lexicon for lexicon in (ENGLISH, PORTUGUESE)}
