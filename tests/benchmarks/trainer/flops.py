"""How many floating-point operations a LoRA run can't do without: those of its matrix products, by formula.

Not counted is what need not be computed: padding, activations a second time, the head on prompts, in the last layer
queries, output and MLP of rows that predict no token of the answer, in the first adapted layer the gradient of what
enters it. Norms, activation functions, softmax and optimizer are left out, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.benchmarks.trainer.shapes import Shape


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of one sequence; the answer's end token is counted."""

    prompt: int
    answer: int

    @property
    def rows(self) -> int:
        """Tokens that enter the model: all but the last, which is only predicted."""
        return self.prompt + self.answer - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """What a layer computes: keys and values of `all`, queries and output of `used`, which see `seen` keys in sum."""

    all: int
    used: int
    seen: int

    @classmethod
    def whole(cls, tokens: Tokens) -> Rows:
        return cls(tokens.rows, tokens.rows, _seen(tokens.rows))

    @classmethod
    def last(cls, tokens: Tokens) -> Rows:
        """In the last layer only the rows that predict a token of the answer are used."""
        return cls(tokens.rows, tokens.answer, _seen(tokens.rows) - _seen(tokens.prompt - 1))


def run_flops(shape: Shape, sequences: Iterable[Tokens], adapted: int, rank: int, epochs: int) -> int:
    """Of a whole run on the sequences, each by itself, with LoRA on all linear layers of the `adapted` last blocks."""
    return sum(
        trunk_flops(shape, each, adapted) + epochs * step_flops(shape, each, adapted, rank) for each in sequences
    )


def trunk_flops(shape: Shape, tokens: Tokens, adapted: int) -> int:
    """The forward pass below the first adapted layer, which training never changes: once per run."""
    return (shape.layers - adapted) * _forward(shape, Rows.whole(tokens))


def step_flops(shape: Shape, tokens: Tokens, adapted: int, rank: int) -> int:
    """Forward and backward through the adapted layers and the head, once per epoch."""
    layers = [Rows.whole(tokens)] * (adapted - 1) + [Rows.last(tokens)]
    forward = sum(_forward(shape, rows) for rows in layers)
    backward = sum(_backward(shape, rows, is_first=number == 0) for number, rows in enumerate(layers))
    lora = sum(_lora(shape, rows, rank, is_first=number == 0) for number, rows in enumerate(layers))
    # The gradient of its input costs as much as the product itself; its weights are frozen.
    head = 2 * _product(tokens.answer, shape.hidden, shape.vocabulary)
    return forward + backward + lora + head


def _forward(shape: Shape, rows: Rows) -> int:
    return _into_attention(shape, rows) + _attention(shape, rows) + _out_of_attention(shape, rows)


def _backward(shape: Shape, rows: Rows, *, is_first: bool) -> int:
    """Gradients of inputs alone: one product for one. Attention has four (Q, K, V and scores) for its two."""
    into = 0 if is_first else _into_attention(shape, rows)
    return into + 2 * _attention(shape, rows) + _out_of_attention(shape, rows)


def _lora(shape: Shape, rows: Rows, rank: int, *, is_first: bool) -> int:
    """x A and (x A) B, and for each of the two the gradients of its input and of its weights."""
    hidden, queries, keys = shape.hidden, shape.query_columns, shape.key_columns
    sides = [(rows.used, hidden, queries), (rows.all, hidden, keys), (rows.all, hidden, keys)]
    spared = sum(_product(count, inputs, rank) for count, inputs, _ in sides) if is_first else 0
    sides += [(rows.used, queries, hidden), *[(rows.used, hidden, shape.inner)] * 2, (rows.used, shape.inner, hidden)]
    return 3 * sum(_product(count, rank, inputs + outputs) for count, inputs, outputs in sides) - spared


def _into_attention(shape: Shape, rows: Rows) -> int:
    keys_and_values = 2 * _product(rows.all, shape.hidden, shape.key_columns)
    return _product(rows.used, shape.hidden, shape.query_columns) + keys_and_values


def _attention(shape: Shape, rows: Rows) -> int:
    """A score and a share of a value for each pair of query and key that causality leaves, in every head."""
    return 2 * _product(rows.seen, 1, shape.query_columns)


def _out_of_attention(shape: Shape, rows: Rows) -> int:
    output = _product(rows.used, shape.query_columns, shape.hidden)
    return output + 3 * _product(rows.used, shape.hidden, shape.inner)


def _product(rows: int, inputs: int, outputs: int) -> int:
    """(rows, inputs) times (inputs, outputs): a multiplication and an addition for each."""
    return 2 * rows * inputs * outputs


def _seen(rows: int) -> int:
    """1 + 2 + … + rows: row n attends to n keys."""
    return rows * (rows + 1) // 2
