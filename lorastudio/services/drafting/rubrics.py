"""What the critic scores by."""

from __future__ import annotations

from lorastudio.domain.draft import Criterion, Question, Rubric
from lorastudio.practice.prompts import practice_rubric
from lorastudio.services.drafting.settings import DraftingSettings

PORTUGUESE = "pt"

# Being right weighs most: a clear answer that is wrong is no good answer.
_WEIGHTS = {"correct": 3.0, "complete": 2.0, "clear": 1.0, "sourced": 1.0, "register": 1.0}

_ENGLISH = {
    "correct": (
        "Its main claim is false, or it answers another question.",
        "An important statement is false or misleading.",
        "The main claim holds; a lesser statement is wrong or can't be right as put.",
        "Everything of weight is right; a detail is imprecise.",
        "Every statement is right, and limits are stated where they matter.",
    ),
    "complete": (
        "It does not answer what was asked.",
        "It answers a small part of what was asked.",
        "It answers the main point and leaves out something asked for.",
        "It answers all that was asked; something a careful reader needs is missing.",
        "It answers all that was asked, with what is needed to use the answer.",
    ),
    "clear": (
        "It can't be followed.",
        "It must be read several times; order or terms confuse.",
        "It can be followed, with idle or repeated passages.",
        "It is easy to follow, with a loose sentence here or there.",
        "Each sentence has a purpose, in an order that leads the reader.",
    ),
    "sourced": (
        "It invents a source, a figure or a quotation.",
        "Claims that need a ground have none.",
        "Some claims that need a ground have one.",
        "Nearly all claims that need a ground have one that can be checked.",
        "Each claim that needs a ground has one that can be checked, and guesses are called so.",
    ),
    "register": (
        "The tone or the language is wrong for the question.",
        "The tone often slips: hype, chattiness or stiffness.",
        "The tone mostly fits, with slips.",
        "The tone fits, with one slip.",
        "Tone and language fit the question throughout.",
    ),
}

_BRAZILIAN = {
    "correct": (
        "A afirmação principal é falsa, ou a resposta é a outra pergunta.",
        "Uma afirmação importante é falsa ou enganosa.",
        "A afirmação principal vale; uma secundária está errada ou mal formulada.",
        "Tudo o que pesa está certo; um detalhe é impreciso.",
        "Todas as afirmações estão certas, e os limites são ditos onde importam.",
    ),
    "complete": (
        "Não responde ao que foi perguntado.",
        "Responde a uma pequena parte do que foi perguntado.",
        "Responde ao ponto principal e deixa de fora algo que foi pedido.",
        "Responde a tudo o que foi pedido; falta algo de que um leitor atento precisa.",
        "Responde a tudo o que foi pedido, com o necessário para usar a resposta.",
    ),
    "clear": (
        "Não se consegue acompanhar.",
        "É preciso ler várias vezes; a ordem ou os termos confundem.",
        "Dá para acompanhar, com trechos ociosos ou repetidos.",
        "É fácil de acompanhar, com uma ou outra frase solta.",
        "Cada frase tem um propósito, numa ordem que conduz o leitor.",
    ),
    "sourced": (
        "Inventa uma fonte, um número ou uma citação.",
        "Afirmações que precisam de fundamento não têm nenhum.",
        "Algumas afirmações que precisam de fundamento têm um.",
        "Quase todas as afirmações que precisam de fundamento têm um que se pode conferir.",
        "Cada afirmação que precisa de fundamento tem um que se pode conferir, e suposições são ditas como tais.",
    ),
    "register": (
        "O tom ou a língua não cabem na pergunta.",
        "O tom escorrega muitas vezes: exagero, conversa ou rigidez.",
        "O tom em geral cabe, com deslizes.",
        "O tom cabe, com um deslize.",
        "Tom e língua cabem na pergunta do começo ao fim.",
    ),
}


def general_rubric(language: str) -> Rubric:
    """Correct, complete, clear, sourced, register, each at five levels, in Portuguese or else in English."""
    levels = _BRAZILIAN if language.startswith(PORTUGUESE) else _ENGLISH
    criteria = tuple(Criterion(name, levels[name], weight) for name, weight in _WEIGHTS.items())
    return Rubric(f"general ({'pt' if levels is _BRAZILIAN else 'en'})", criteria)


def rubric_for(question: Question, settings: DraftingSettings) -> Rubric:
    """The practice world's own rubric for its questions; else the cycle's, else the general one."""
    if is_practice(question):
        return practice_rubric()
    return settings.rubric or general_rubric(question.language)


def is_practice(question: Question) -> bool:
    """Whether this is a question of the practice world, with its own prompts, rubric and sampling."""
    return bool(question.checks.get("practice"))
