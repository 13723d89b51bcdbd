"""What is wrong, by the services' own account against our books: videos lost or made twice, money, files, cards."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from faults.crowd import Crowd
from sqlmodel import col

from bot.jobs.model import JobState
from bot.slack.ports import POSTS_MAX, CardState
from bot.store.ledger import recompute
from bot.store.tables.jobs import AttemptRow, JobRow
from bot.store.tables.quota import LedgerEntryRow
from bot.store.tables.slack import CardRow

ORDER_USD_MICROS = 400_000
"""One order: 4 s of the local service's fast model."""
SHOWN_MAX = 5


def wrong(crowd: Crowd) -> list[str]:
    """Whole sentences; none is well. Every job must have ended by now."""
    with crowd.reading() as session:
        jobs = session.scalars(sa.select(JobRow).order_by(col(JobRow.number))).all()
        attempts = session.scalars(sa.select(AttemptRow)).all()
        ledger = session.scalars(sa.select(LedgerEntryRow)).all()
        cards = {each.job_id: each for each in session.scalars(sa.select(CardRow))}
        unbalanced = recompute(session, crowd.town.slack.team_id)
    complaints = [*_orders(crowd, jobs), *_renders(crowd, jobs, attempts), *_money(crowd, jobs, ledger)]
    complaints += [*_files(crowd, jobs), *_cards(crowd, jobs, cards)]
    return complaints + ([f"balances are not what the ledger adds up to: {unbalanced}"] if unbalanced else [])


def _orders(crowd: Crowd, jobs: Sequence[JobRow]) -> Iterator[str]:
    booked = Counter(each.prompt for each in jobs)
    yield from _all("promised and not on the books", crowd.promised - booked.keys())
    yield from _all("refused and on the books", crowd.refused & booked.keys())
    yield from _all("twice on the books", _several(booked))
    yield from _all("not delivered", (f"#{j.number} {j.state}" for j in jobs if j.state != JobState.DELIVERED))


def _renders(crowd: Crowd, jobs: Sequence[JobRow], attempts: Sequence[AttemptRow]) -> Iterator[str]:
    accepted = crowd.town.videos.accepted
    made, booked = Counter(each.asked.prompt for each in accepted), {each.prompt for each in jobs}
    yield from _all("second POSTs for", _several(made))
    yield from _all("never sent to the service", booked - made.keys())
    yield from _all("rendered for nobody", made.keys() - booked)
    ours = Counter(each.render_id for each in attempts if each.render_id)
    yield from _all("renders that no attempt knows", {each.id for each in accepted} - ours.keys())
    yield from _all("renders that the service does not know", ours.keys() - {each.id for each in accepted})


def _money(crowd: Crowd, jobs: Sequence[JobRow], ledger: Sequence[LedgerEntryRow]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    for entry in ledger:
        spent[entry.job_id] += entry.usd_micros if entry.kind == "capture" else 0
    odd = [each for each in jobs if not spent[each.id] == each.paid_usd_micros == ORDER_USD_MICROS]
    yield from _all("not booked at its price", (f"#{each.number} {spent[each.id]}" for each in odd))
    charged = sum(crowd.town.videos.charged(each) for each in crowd.town.videos.accepted)
    if charged * ORDER_USD_MICROS != sum(spent.values()):
        yield f"the service charges {charged} videos, the ledger says {sum(spent.values())} micro-dollars"
    holds = {each.entry_key for each in ledger if each.kind == "hold"}
    yield from _all("holds that never ended", holds - {each.closes for each in ledger})


def _files(crowd: Crowd, jobs: Sequence[JobRow]) -> Iterator[str]:
    files = crowd.town.slack.workspace.files
    shown = Counter(_number(files[file_id].title) for each in crowd.town.posts() for file_id in each.file_ids)
    yield from _all("second files of", _several(shown))
    yield from _all("no file of", {each.number for each in jobs} - shown.keys())
    yield from _all("files of unknown videos", shown.keys() - {each.number for each in jobs})


def _cards(crowd: Crowd, jobs: Sequence[JobRow], known: dict[str, CardRow]) -> Iterator[str]:
    """One card each that says how it ended. A post whose answer was lost may stand beside it, and nobody edits it."""
    shown: dict[int, list[str]] = defaultdict(list)
    for each in crowd.town.cards():
        shown[_number(each.text)].append(each.text)
    for job in jobs:
        texts, card = shown.pop(job.number, []), known.get(job.id)
        if card is None:
            yield f"#{job.number} was never announced: {texts}"
            continue
        right = texts.count(f"Video #{job.number}, {job.prompt}: Done. It cost $0.40.")
        if right > 1 or (right == 0 and not lost_twice(card)):
            yield f"the card of #{job.number} ({card.state}, {card.posts} posts) is wrong: {texts}"
        if len(texts) > card.posts:
            yield f"{len(texts)} cards of #{job.number}: {texts}"
    yield from _all("cards of unknown videos", shown)


def unlucky(crowd: Crowd) -> int:
    """How many videos have no card that says the end, and may."""
    with crowd.reading() as session:
        return sum(map(lost_twice, session.scalars(sa.select(CardRow))))


def lost_twice(card: CardRow) -> bool:
    """The bot died at the card's post and at that of the final message. The film tells its person all the same."""
    return card.state in {CardState.INTENT, CardState.UNKNOWN} and card.posts == POSTS_MAX


def _number(text: str) -> int:
    found = re.search(r"#(\d+)", text)
    return int(found[1]) if found else 0


def _several(counted: Counter[Any]) -> list[Any]:
    return [each for each, count in counted.items() if count > 1]


def _all(what: str, which: Iterable[object]) -> Iterator[str]:
    found = sorted(map(str, which))
    if found:
        yield f"{len(found)} {what}: {', '.join(found[:SHOWN_MAX])}"
