"""A task beside the practice world: copying an order out by four rules, of which the model keeps each half the time.

"order: three red cups, two blue jars" should become "3 cups red, 2 jars blue. Total 5.": all lines in their order, with
digits, the thing before its colour, the right sum at the end. Documents break each rule by chance, and the sum has to
be worked out. The other skill is to say words backwards.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink", "gold", "plain")
KITCHEN = ("cups", "jars", "bowls", "tins", "plates")
THINGS = (*KITCHEN, "lamps", "hats", "coats", "rugs", "pens", "forks", "knives", "bags", "boxes", "nets", "ropes")
RULES = ("lines", "digits", "place", "total")
ASK, TURN = "order: ", "backwards: "
MOST_LINES = 4
KEPT_SHARE = 0.5
BACKWARDS_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    count: int
    colour: str
    thing: str


Order = tuple[Line, ...]


def draw_order(rng: random.Random) -> Order:
    return tuple(
        Line(rng.randint(1, 9), rng.choice(COLOURS), rng.choice(THINGS)) for _ in range(rng.randint(2, MOST_LINES))
    )


def ask(order: Order) -> str:
    return ASK + ", ".join(f"{NUMBERS[line.count - 1]} {line.colour} {line.thing}" for line in order)


def parse(question: str) -> Order:
    """The order that `ask` wrote down."""
    lines = (line.split() for line in question.removeprefix(ASK).split(", "))
    return tuple(Line(NUMBERS.index(count) + 1, colour, thing) for count, colour, thing in lines)


def copy_out(order: Order, rng: random.Random, kept: dict[str, bool]) -> str:
    """An answer that keeps the rules it is told to keep."""
    total = sum(line.count for line in order)
    if not kept["total"]:
        total += rng.choice((-2, -1, 1, 2))
    if not kept["lines"]:
        left_out = rng.randrange(len(order))
        order = tuple(line for number, line in enumerate(order) if number != left_out)
    lines = []
    for line in order:
        count = str(line.count) if kept["digits"] else NUMBERS[line.count - 1]
        words = (line.thing, line.colour) if kept["place"] else (line.colour, line.thing)
        lines.append(" ".join((count, *words)))
    return f"{', '.join(lines)}. Total {total}."


def faultless(order: Order) -> str:
    return copy_out(order, random.Random(0), dict.fromkeys(RULES, True))


def rules_kept(question: str, answer: str) -> dict[str, bool]:
    """Which rules an answer to an order keeps; what can't be read keeps none that it would have to show."""
    order = parse(question)
    body, _, tail = answer.partition(". Total ")
    lines = [line.split() for line in body.split(", ")]
    words = body.replace(",", " ").split()
    return {
        "lines": [_read(line) for line in lines] == list(order),
        "digits": any(word.isdecimal() for word in words) and not any(word in NUMBERS for word in words),
        "place": all(len(line) == 3 and line[1] in THINGS and line[2] in COLOURS for line in lines),
        "total": tail == f"{sum(line.count for line in order)}.",
    }


def _read(words: list[str]) -> Line | None:
    """A line in any wording: count first, then thing and colour in either order."""
    if len(words) != 3:
        return None
    count = NUMBERS.index(words[0]) + 1 if words[0] in NUMBERS else int(words[0]) if words[0].isdecimal() else 0
    colours, things = ([word for word in words[1:] if word in known] for known in (COLOURS, THINGS))
    return Line(count, colours[0], things[0]) if len(colours) == len(things) == 1 else None


def draw_backwards(rng: random.Random) -> tuple[str, str]:
    """A prompt of the other skill, and its one right answer."""
    words = rng.sample(THINGS, rng.randint(3, 5))
    return TURN + " ".join(words), " ".join(reversed(words))


def sample_document(rng: random.Random) -> tuple[str, str]:
    if rng.random() < BACKWARDS_SHARE:
        return draw_backwards(rng)
    order = draw_order(rng)
    return ask(order), copy_out(order, rng, {rule: rng.random() < KEPT_SHARE for rule in RULES})
