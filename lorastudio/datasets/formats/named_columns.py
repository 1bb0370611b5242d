"""Tables that nobody's format describes, by what people call a question, its answer and a worse one."""

from __future__ import annotations

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example
from lorastudio.datasets.formats.row_format import RowFormat, Values, others

# In the order in which they are looked for, in English and in Portuguese; case and signs don't count.
_ASKED = ("prompt", "question", "query", "instruction", "input", "problem", "task")
PROMPTS = (*_ASKED, "pergunta", "instrução", "enunciado")
_BETTER = ("good", "chosen", "preferred", "accepted", "best", "answer", "response", "completion", "output", "solution")
GOODS = (*_BETTER, "boa", "respostaboa", "aceita", "aceite", "resposta")
_WORSE = ("bad", "rejected", "worse", "worst", "badexample", "badanswer", "rejectedanswer", "dispreferred")
BADS = (*_WORSE, "má", "ruim", "respostamá", "respostaruim", "rejeitada")


def _recognises(values: Values) -> bool:
    return _column(values, PROMPTS) is not None and (_column(values, GOODS) or _column(values, BADS)) is not None


def _read(values: Values) -> Example:
    asked, good, bad = (_column(values, names) for names in (PROMPTS, GOODS, BADS))
    known = [name for name in (asked, good, bad) if name is not None]
    return Example(
        prompt=() if asked is None else fields.turns(values[asked], asked),
        good=None if good is None else fields.answer(values[good], good),
        bad=None if bad is None else fields.answer(values[bad], bad),
        extra=others(values, *known),
    )


def _column(values: Values, names: tuple[str, ...]) -> str | None:
    """The column that bears the first of the names."""
    plain = {"".join(filter(str.isalnum, name.casefold())): name for name in reversed(list(values))}
    return next((plain[name] for name in names if name in plain), None)


NAMED_COLUMNS = RowFormat("named columns", _recognises, _read, {"prompt": PROMPTS, "good": GOODS, "bad": BADS}, 0.7)
