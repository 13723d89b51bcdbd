"""Which card is written next, and when: a pure function of the rows.

About 50 `chat.update` a minute and workspace is Slack's ceiling (Tier 3; slack facts section 7, 2026-11-21). With N
unended jobs each card is edited at most every max(4 s, N x 1.5 s), which keeps a workspace below it. Ends go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.slack.ports import POSTS_MAX, CardState, OpenCard

SPACING_MIN_S = 4.0
SPACING_PER_JOB_S = 1.5
END_SPACING_S = 1.0
"""An end is worth an edit soon after the last one; Slack's own advice is 3 s on average."""
REFRESH_S = 30.0
"""So often the elapsed time moves on a card of which nothing else changed."""
STALE_INTENT_S = 60.0
"""A post that nobody has answered for so long never will be."""


class Act(StrEnum):
    EDIT = "edit"
    REFRESH = "refresh"
    REPEAT = "repeat"
    """The end once more, over a stale edit that may have arrived since."""
    POST = "post"
    """A message in place of one that is gone, or was perhaps never posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    card: OpenCard
    act: Act
    due_at: datetime

    @property
    def urgency(self) -> tuple[bool, datetime]:
        return (not self.card.ended, self.due_at)


def next_errand(cards: Sequence[OpenCard], *, unended: int, now: datetime) -> Errand | None:
    """The most urgent one that is due; if none is, the one that will be first; None when there is nothing to do.

    `unended`: how many jobs of the workspace have not ended, which may be more than `cards` shows of them.
    """
    spacing = timedelta(seconds=max(SPACING_MIN_S, unended * SPACING_PER_JOB_S))
    errands = [errand for each in cards if (errand := _errand(each, spacing, now)) is not None]
    due = [each for each in errands if each.due_at <= now]
    if due:
        return min(due, key=lambda each: each.urgency)
    return min(errands, key=lambda each: each.due_at, default=None)


def _errand(card: OpenCard, spacing: timedelta, now: datetime) -> Errand | None:
    row = card.card
    match row.state:
        case CardState.POSTED:
            return _edit(card, spacing, now)
        case CardState.GONE if row.posts < POSTS_MAX and not card.removed and _behind(card):
            return Errand(card=card, act=Act.POST, due_at=now)
        case CardState.UNKNOWN if row.posts < POSTS_MAX and not card.removed and card.ended:
            return Errand(card=card, act=Act.POST, due_at=now)
        case CardState.INTENT if row.posts < POSTS_MAX and not card.removed and card.ended:
            stale_at = (row.intent_at or now) + timedelta(seconds=STALE_INTENT_S)
            return Errand(card=card, act=Act.POST, due_at=stale_at)
        case _:
            return None


def _edit(card: OpenCard, spacing: timedelta, now: datetime) -> Errand | None:
    row = card.card
    shown_at = row.shown_at or now - timedelta(days=1)
    if row.shown_version < card.version:
        gap = timedelta(seconds=END_SPACING_S) if card.ended else spacing
        return Errand(card=card, act=Act.EDIT, due_at=shown_at + gap)
    if row.final_repeat_at is not None:
        return Errand(card=card, act=Act.REPEAT, due_at=row.final_repeat_at)
    if not card.ended:
        return Errand(card=card, act=Act.REFRESH, due_at=shown_at + max(spacing, timedelta(seconds=REFRESH_S)))
    return None


def _behind(card: OpenCard) -> bool:
    """Whether the message that is gone had something left to say."""
    return not card.ended or card.card.shown_version < card.version
