"""Pairs and their history as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from lorastudio.cli.session import Session, counted, figure, table
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import as_json
from lorastudio.domain.history import ActionEntry, ActionState, PairEntry, Turn
from lorastudio.domain.text_query import Snippet
from lorastudio.services.curation import FoundPair

PREVIEW = 80
# As long as before, so that matches stay where they are.
_ONE_LINE = str.maketrans("\n\r\t", "   ")


def report_changes(session: Session, changes: Changes, text: str) -> None:
    """The result of a verb that changed pairs."""
    record = {"changed": as_json(changes.pairs), "count": len(changes.pairs), "undo": changes.undo_label}
    session.result(record, lambda out: out.print(text, markup=False, highlight=False))


def show_pairs(out: Console, found: Sequence[FoundPair], counts: dict[str, int]) -> None:
    shown = table(">Id", "State", ">Gain", ">Conf.", "Prompt", "Good", "Bad", "Lint")
    for item in found:
        pair = item.pair
        shown.add_row(
            str(pair.id),
            pair.state.value,
            figure(pair.margin, 2),
            figure(item.worth, 2),
            _text(pair.prompt[-1].content if pair.prompt else "", item.snippets.get("prompt")),
            _text(pair.good, item.snippets.get("good")),
            _text(pair.bad, item.snippets.get("bad")),
            ", ".join(pair.lint),
        )
    out.print(shown)
    out.print(", ".join(f"{count} {state}" for state, count in counts.items()) + ".", highlight=False)


def show_actions(out: Console, actions: Sequence[ActionEntry]) -> None:
    shown = table(">Id", "When", "Who", "What", ">Pairs", "Now")
    for action in actions:
        shown.add_row(
            str(action.id),
            action.at,
            action.who.value,
            action.label,
            str(action.num_pairs),
            _standing(action.state, action.turns),
        )
    out.print(shown)


def show_pair_history(out: Console, entries: Sequence[PairEntry]) -> None:
    shown = table("When", "Who", "What", "Changed", "Now")
    for entry in entries:
        shown.add_row(
            entry.at,
            entry.who.value if entry.who else "–",
            f"{entry.label} ({entry.what})" if entry.who is None else entry.label,
            _difference(entry),
            _standing(entry.state, entry.turns),
        )
    out.print(shown)


def show_counts(out: Console, counts: dict[str, int]) -> None:
    shown = table("", ">Pairs")
    for word, count in counts.items():
        shown.add_row(word or "–", str(count))
    out.print(shown)
    out.print(f"{counted(sum(counts.values()), 'pair')} in all.", highlight=False)


def _difference(entry: PairEntry) -> str:
    """The columns that an action changed; long texts by name alone."""
    if "hidden" in entry.after:
        return "replaced by others" if entry.after["hidden"] else "put there"
    changed = [name for name in entry.after if entry.after[name] != entry.before.get(name)]
    short = {"state", "decided_by"}
    return ", ".join(
        f"{name}: {entry.before.get(name)} → {entry.after[name]}" if name in short else name for name in changed
    )


def _standing(state: ActionState, turns: Sequence[Turn]) -> str:
    return state.value if not turns else f"{state.value} ({turns[-1].at})"


def _text(text: str | None, found: Snippet | None) -> Text:
    """The beginning of a text, or where it was found, with the matches in bold."""
    if found is None:
        return Text(_preview(text))
    shown = Text(found.text.translate(_ONE_LINE))
    for start, end in found.spans:
        shown.stylize("bold", start, end)
    return Text("…" if found.cut_before else "") + shown + Text("…" if found.cut_after else "")


def _preview(text: str | None) -> str:
    if text is None:
        return "–"
    line = " ".join(text.split())
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"
