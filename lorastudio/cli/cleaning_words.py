"""What cleaning found, for people to read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from lorastudio.cli.session import counted, figure, table
from lorastudio.services.cleaning.applying import NearPairs
from lorastudio.services.cleaning.events import DuplicatesFound, TopicsFound, TranslationsFound
from lorastudio.services.cleaning.personal import Exposed, Masked
from lorastudio.services.cleaning.reports import LanguageReport, LengthReport
from lorastudio.services.cleaning.topics import Topic
from lorastudio.services.confidence import Confidence
from lorastudio.store.clusters import Cluster, Look

MOST_SHOWN = 20


def show_duplicates(out: Console, found: DuplicatesFound) -> None:
    _say(
        out,
        f"{counted(found.looked_at, 'pair')} compared: {counted(found.clusters, 'cluster')} of near-duplicates with"
        f" {counted(found.pairs, 'pair')} in them; {counted(found.clashes, 'pair')} near held-out text.",
        f"The findings of {counted(found.marked, 'pair')} changed." if found.marked else "",
        f"Alike, for you to decide: {counted(found.to_ask, 'cluster')} (`lorastudio clean clusters alike`)."
        if found.to_ask
        else "",
        found.note,
    )


def show_topics(out: Console, found: TopicsFound, named: Sequence[Topic]) -> None:
    shown = table(">Pairs", "Topic", "First pairs")
    for topic in named[:MOST_SHOWN]:
        shown.add_row(str(len(topic.pair_ids)), topic.label, _ids(topic.pair_ids))
    out.print(shown)
    _say(
        out,
        f"{counted(found.clusters, 'topic')}; {counted(found.apart, 'pair')} of {found.looked_at} like no other.",
        found.note,
    )


def show_translations(out: Console, found: TranslationsFound) -> None:
    _say(
        out,
        f"{counted(found.looked_at, 'pair')} compared: {counted(found.clusters, 'cluster')} in both languages.",
        f"{counted(found.separated, 'cluster')} lay on both sides of the split; {counted(found.marked, 'pair')} will be"
        " kept out of training."
        if found.separated
        else "",
        found.note,
    )


def show_clusters(out: Console, look: Look | None, found: Sequence[Cluster]) -> None:
    if look is None:
        _say(out, "Nobody has looked yet. Run `lorastudio clean duplicates`, `topics` or `translations`.")
        return
    shown = table(">Cluster", ">Pairs", "Ids")
    for cluster in found:
        shown.add_row(str(cluster.number), str(len(cluster.pair_ids)), _ids(cluster.pair_ids))
    out.print(shown)
    _say(out, f"Found on {look.looked_at} by {look.method}{f' ({look.model})' if look.model else ''}.")


def show_near(out: Console, near: NearPairs) -> None:
    _say(
        out,
        f"Pair {near.pair_id} has {counted(len(near.ids), 'near-duplicate')}: {_ids(near.ids) or 'none'}.",
        f"You have decided on {len(near.by_hand)} of them, and these stay as they are." if near.by_hand else "",
        f"{counted(near.not_looked_at, 'pair')} came in since the last look and were not compared."
        if near.not_looked_at
        else "",
        "Add --yes to decide on all of them.",
    )


def show_exposed(out: Console, found: Sequence[Exposed]) -> None:
    shown = table(">Pair", "Holds")
    for exposed in found[:MOST_SHOWN]:
        shown.add_row(str(exposed.pair_id), ", ".join(f"{count} {kind}" for kind, count in exposed.found.items()))
    if found:
        out.print(shown)
    more = f" ({MOST_SHOWN} are shown; --json lists all)" if len(found) > MOST_SHOWN else ""
    _say(
        out,
        f"{counted(len(found), 'pair')} with personal data or secrets{more}.",
        "Names and addresses of people are not looked for.",
    )


def show_masked(out: Console, done: Masked, forget: bool) -> None:
    history = (
        "They are deleted from the undo history too."
        if forget
        else "The undo history keeps what they said; --forget deletes it there too."
    )
    _say(
        out,
        f"{counted(len(done.changes.pairs), 'pair')} masked.",
        history if done.changes.pairs else "",
        "Drafts, answers of servers, copies of the library and imported files are as they were."
        if done.changes.pairs
        else "",
        f"Left as they are, since they would say the same as others: {_ids(done.equal)}." if done.equal else "",
    )


def show_languages(out: Console, found: LanguageReport) -> None:
    shown = table("Prompt", "Good", "Bad", ">Pairs")
    for sides, count in found.counts:
        shown.add_row(sides.prompt, sides.good or "–", sides.bad or "–", str(count))
    out.print(shown)
    _say(
        out,
        f"Answers in two languages: {_ids(found.answers_differ)}." if found.answers_differ else "",
        f"Answered in another language than asked: {_ids(found.prompt_differs)}." if found.prompt_differs else "",
    )


def show_lengths(out: Console, found: LengthReport) -> None:
    rows = [("all", found.overall), *found.by_origin.items(), *found.by_language.items()]
    shown = table("Pairs", ">Count", ">Good longer", ">Bad longer", ">Length judge", ">Median ln", ">Lopsided")
    for name, bias in rows:
        if bias is not None:
            shown.add_row(
                name,
                str(bias.pairs),
                f"{bias.good_longer:.0%}",
                f"{bias.bad_longer:.0%}",
                f"{bias.length_judge:.0%} ({bias.low:.0%} to {bias.high:.0%})",
                figure(bias.quantiles[2], 2),
                f"{bias.lopsided:.0%}",
            )
    out.print(shown)
    if found.overall is None:
        _say(out, "There is no pair with both answers.")
    else:
        _say(out, found.overall.advice or "Lengths give nothing away that would need mending.")


def show_confidence(out: Console, found: Confidence) -> None:
    if found.study is not None:
        for name, reliability in (("As computed", found.study.raw), ("Calibrated", found.study.calibrated)):
            shown = table(name, ">Pairs", ">Confidence", ">Accepted")
            for place in reliability.bins:
                shown.add_row(
                    f"{place.low:.1f} to {place.high:.1f}",
                    str(place.decisions),
                    figure(place.confidence, 2),
                    figure(place.accepted, 2),
                )
            out.print(shown)
            _say(out, f"Expected calibration error {reliability.ece:.3f}, Brier score {reliability.brier:.3f}.")
    _say(out, found.note)


def _say(out: Console, *lines: str) -> None:
    for line in lines:
        if line:
            out.print(line, markup=False, highlight=False)


def _ids(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - MOST_SHOWN} more" if len(ids) > MOST_SHOWN else ""
    return ", ".join(map(str, ids[:MOST_SHOWN])) + more
