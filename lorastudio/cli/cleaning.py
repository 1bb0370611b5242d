"""`lorastudio clean …` and `lorastudio confidence`: what pairs have in common, give away or should not hold."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import typer

from lorastudio.cli import cleaning_words as words
from lorastudio.cli.narration import Narrator
from lorastudio.cli.pair_filters import filter_of, with_filter
from lorastudio.cli.pair_tables import report_changes
from lorastudio.cli.session import Home, Json, Session, counted
from lorastudio.domain.errors import BugError
from lorastudio.domain.events import Event, as_json
from lorastudio.domain.pair import PairState
from lorastudio.services.cleaning import applying, events, personal, reports
from lorastudio.services.cleaning.findings import lint_again
from lorastudio.services.cleaning.looks import LookName, look
from lorastudio.services.cleaning.topics import list_topics
from lorastudio.services.confidence import read_confidence
from lorastudio.store.clusters import ClusterKind, last_look, list_clusters

Found = TypeVar("Found", bound=Event)

WordsOnly = Annotated[bool, typer.Option("--words-only", help="Compare words alone, even where an embedder is set up.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only count.")]
Kinds = Annotated[
    list[personal.Personal] | None, typer.Option("--kind", help="Only this kind; may be repeated.", show_default=False)
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Near-duplicates, topics, translations, personal data, languages and lengths of pairs.")
    group.command("duplicates")(duplicates)
    group.command("topics")(topics)
    group.command("translations")(translations)
    group.command("clusters")(clusters)
    group.command("apply")(apply)
    group.command("lint")(lint)
    group.command("personal")(with_filter(find_personal))
    group.command("mask")(with_filter(mask))
    group.command("languages")(with_filter(languages))
    group.command("lengths")(with_filter(lengths))
    app.add_typer(group, name="clean")
    app.command("confidence")(confidence)


def duplicates(words_only: WordsOnly = False, home: Home = None, json: Json = False) -> None:
    """Look for near-duplicates, and for what is near held-out text; marks both as one undo step."""
    session = Session(home, json)
    found = _look(session, LookName.DUPLICATES, words_only, events.DuplicatesFound)
    session.result(found, lambda out: words.show_duplicates(out, found))


def topics(words_only: WordsOnly = False, home: Home = None, json: Json = False) -> None:
    """Sort the pairs into topics."""
    session = Session(home, json)
    found = _look(session, LookName.TOPICS, words_only, events.TopicsFound)
    with session.reading() as library:
        named = list_topics(library)
    session.result(as_json(found) | {"topics": as_json(named)}, lambda out: words.show_topics(out, found, named))


def translations(words_only: WordsOnly = False, home: Home = None, json: Json = False) -> None:
    """Look for pairs that say the same in English and in Portuguese, so that the split never parts them."""
    session = Session(home, json)
    found = _look(session, LookName.TRANSLATIONS, words_only, events.TranslationsFound)
    session.result(found, lambda out: words.show_translations(out, found))


def clusters(
    kind: Annotated[ClusterKind, typer.Argument(help="What lies together; `alike` is for a person to decide.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    after: Annotated[int, typer.Option(min=-1, help="Go on after the cluster with this number.")] = -1,
    home: Home = None,
    json: Json = False,
) -> None:
    """List what the last look found."""
    session = Session(home, json)
    with session.reading() as library:
        seen = last_look(library, kind)
        found = list_clusters(library, kind, limit=limit, after=after)
    session.result({"look": seen, "clusters": found}, lambda out: words.show_clusters(out, seen, found))


def apply(
    pair_id: Annotated[int, typer.Argument(metavar="ID", help="The pair that was looked at.")],
    state: Annotated[PairState, typer.Option(help="What it and its near-duplicates become.")],
    yes: Yes = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Decide on a pair and its near-duplicates alike, as one undo step; counts them first."""
    session = Session(home, json)
    if not yes:
        with session.reading() as library:
            near = applying.near_duplicates(library, pair_id)
        session.result(near, lambda out: words.show_near(out, near))
        return
    with session.writing("clean apply") as library:
        changes = applying.apply_to_near(library, pair_id, state)
    report_changes(session, changes, f"{counted(len(changes.pairs), 'pair')} {state.value}.")


def lint(home: Home = None, json: Json = False) -> None:
    """Make the findings of all pairs anew, as one undo step."""
    session = Session(home, json)
    with session.writing("clean lint") as library:
        changes = lint_again(library, session.cancel)
    report_changes(session, changes, f"The findings of {counted(len(changes.pairs), 'pair')} changed.")


def find_personal(kind: Kinds = None, home: Home = None, json: Json = False, **filters: Any) -> None:
    """List the pairs that hold personal data or secrets; never shows them."""
    session = Session(home, json)
    with session.reading() as library:
        chosen = filter_of(library, filters)
        found = list(personal.find_exposed(library, session.cancel, chosen, kind or personal.EVERY_KIND))
    session.result({"pairs": found, "count": len(found)}, lambda out: words.show_exposed(out, found))


def mask(
    kind: Kinds = None,
    yes: Yes = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete the texts from the undo history too: undo can't bring them back.")
    ] = False,
    home: Home = None,
    json: Json = False,
    **filters: Any,
) -> None:
    """Put the kind in place of personal data and secrets, like [e-mail], as one undo step; counts them first."""
    if not yes:
        find_personal(kind, home, json, **filters)
        return
    session = Session(home, json)
    with session.writing("clean mask") as library:
        chosen = filter_of(library, filters)
        done = personal.mask_exposed(library, session.cancel, chosen, kind or personal.EVERY_KIND, forget=forget)
    record = {"changed": done.changes.pairs, "count": len(done.changes.pairs), "undo": done.changes.undo_label}
    session.result(
        record | {"equal": done.equal, "forgotten": done.forgotten}, lambda out: words.show_masked(out, done, forget)
    )


def languages(home: Home = None, json: Json = False, **filters: Any) -> None:
    """Tell which languages prompts, good and bad answers are in."""
    session = Session(home, json)
    with session.reading() as library:
        found = reports.report_languages(library, session.cancel, filter_of(library, filters))
    record = {
        "counts": [as_json(sides) | {"pairs": count} for sides, count in found.counts],
        "answers_differ": found.answers_differ,
        "prompt_differs": found.prompt_differs,
    }
    session.result(record, lambda out: words.show_languages(out, found))


def lengths(home: Home = None, json: Json = False, **filters: Any) -> None:
    """Tell how far the length of answers gives away which is good; of accepted pairs unless others are asked for."""
    session = Session(home, json)
    with session.reading() as library:
        found = reports.report_lengths(library, session.cancel, filter_of(library, filters))
    session.result(found, lambda out: words.show_lengths(out, found))


def confidence(home: Home = None, json: Json = False) -> None:
    """Tell what a confidence is worth by your own decisions, and how far that can be relied on."""
    session = Session(home, json)
    with session.reading() as library:
        found = read_confidence(library)
    session.result(as_json(found) | {"calibrated": found.calibrated}, lambda out: words.show_confidence(out, found))


def _look(session: Session, name: LookName, words_only: bool, kind: type[Found]) -> Found:
    """Run a look to its end and return what it found."""
    last: Event | None = None
    with (
        session.writing("clean") as library,
        session.servers(library) as servers,
        Narrator(session) as narrator,
    ):
        for last in look(library, servers, name, words_only=words_only, cancel=session.cancel):
            narrator.tell(last)
    if not isinstance(last, kind):
        raise BugError("The look ended without saying what it found.")
    return last
