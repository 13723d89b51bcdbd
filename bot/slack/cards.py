"""The card writer: keeps every card at what its job's row says, at a pace that Slack allows.

What to show is never queued: it is the row. A wake-up that gets lost costs a few seconds until the next sweep. One
process edits a workspace's cards, by a lease in the database; what Slack calls "too fast" pauses the workspace there.
"""

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock, woken
from bot.jobs.ports import Alarm
from bot.slack.client import CALL_TIMEOUT_S, CONNECT_TIMEOUT_S
from bot.slack.drawing import CardArtist, Drawn
from bot.slack.failures import (
    NotSent,
    Ours,
    OutcomeUnknown,
    SlackFailure,
    TokenDead,
    TryLater,
    slack_failures,
)
from bot.slack.pacing import Act, Errand, next_errand
from bot.slack.ports import Card, Cards, CardState, PosterState
from bot.slack.posting import CardPoster

_log = logging.getLogger(__name__)

SWEEP_S = 5.0
BREATH_S = 0.25
"""After a wake-up, so that a hundred changes at once are one look at the rows."""
LEASE_S = 2 * CALL_TIMEOUT_S + 5
"""Long enough that an edit begun under the lease has ended, or been given up, before another holder may begin."""
LEASE_LEFT_MIN_S = CALL_TIMEOUT_S + CONNECT_TIMEOUT_S + 2
AGAIN_S = 4.0
"""After an edit without an answer."""
GIVE_UP_MAX_S = 1.0
RECONNECT_MAX_S = 30.0
ASIDE_S = 60.0


@dataclass(slots=True, kw_only=True)
class _Tenure:
    """This process's time as the writer of one workspace."""

    until: datetime
    taken_over_at: datetime | None
    paused_until: datetime | None
    reconnect_s: float = 1.0


class CardWriter:
    """`run` is the loop; `changed` wakes it."""

    def __init__(
        self,
        *,
        slack: AsyncWebClient,
        cards: Cards,
        artist: CardArtist,
        poster: CardPoster,
        clock: Clock,
        alarm: Alarm,
        holder: str,
        alone: bool,
    ) -> None:
        """`holder` is new with every start. `alone`: the database belongs to one process, so its lease is taken over
        without waiting for it to run out."""
        self._slack = slack
        self._cards = cards
        self._artist = artist
        self._poster = poster
        self._clock = clock
        self._alarm = alarm
        self._holder = holder
        self._alone = alone
        self._sweep = asyncio.Event()
        self._wakes: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._dead: set[str] = set()
        self._aside: dict[str, datetime] = {}

    def changed(self, _job_id: str) -> None:
        """Some job's row has something new to show. Never blocks."""
        self._sweep.set()
        for wake in self._wakes.values():
            wake.set()

    async def run(self) -> None:
        """Write cards until cancelled. What is on its way then is found as doubt by the next holder."""
        try:
            async with asyncio.TaskGroup() as group:
                tending: dict[str, asyncio.Task[None]] = {}
                while True:
                    for team_id in await self._teams():
                        known = tending.get(team_id)
                        if (known is None or known.done()) and team_id not in self._dead:
                            tending[team_id] = group.create_task(self._tend(team_id))
                    if await woken(self._clock, self._sweep, within_s=SWEEP_S):
                        await self._clock.sleep(BREATH_S)
        finally:
            await self._give_up()

    async def _give_up(self) -> None:
        """So that other processes need not wait for our leases to run out; they take over with their usual care."""
        try:
            async with asyncio.timeout(GIVE_UP_MAX_S):
                await self._cards.give_up(self._holder, now=self._clock.now())
        except Exception as error:  # noqa: BLE001 - we are ending; the lease ends by itself
            _log.warning("others will write the cards when our lease has run out (%s)", type(error).__name__)

    async def _teams(self) -> list[str]:
        try:
            return await self._cards.teams()
        except Exception:  # noqa: BLE001 - a database that is busy must not end the writer: the next sweep looks again
            _log.exception("cards could not be looked through")
            return []

    async def _tend(self, team_id: str) -> None:
        try:
            await self._write_workspace(team_id)
        except Exception:  # noqa: BLE001 - one workspace's trouble is not another's; the sweep comes back to it
            _log.exception("a workspace's cards could not be written", extra={"team": team_id})

    async def _write_workspace(self, team_id: str) -> None:
        """Errand after errand until there is none, the lease is somebody else's, or the token is dead."""
        tenure: _Tenure | None = None
        while team_id not in self._dead:
            tenure = await self._held(team_id, tenure)
            if tenure is None:
                return
            now = self._clock.now()
            self._aside = {job_id: until for job_id, until in self._aside.items() if until > now}
            open_cards = await self._cards.open(team_id, aside=self._aside)
            errand = next_errand(open_cards.cards, unended=open_cards.unended, now=now)
            if errand is None:
                return
            due_at = max(errand.due_at, tenure.paused_until or errand.due_at)
            if due_at > now:
                within_s = min((due_at - now).total_seconds(), SWEEP_S)
                if await woken(self._clock, self._wakes[team_id], within_s=within_s):
                    await self._clock.sleep(BREATH_S)
            else:
                await self._run(errand, tenure)

    async def _held(self, team_id: str, tenure: _Tenure | None) -> _Tenure | None:
        """The lease, renewed early enough that a whole call fits into what is left of it."""
        now = self._clock.now()
        if tenure is not None and tenure.until - now >= timedelta(seconds=LEASE_LEFT_MIN_S):
            return tenure
        until = now + timedelta(seconds=LEASE_S)
        lease = await self._cards.lease(team_id, self._holder, now=now, until=until, at_once=self._alone)
        if lease is None:
            return None
        return _Tenure(
            until=until,
            taken_over_at=lease.taken_over_at,
            paused_until=lease.paused_until,
            reconnect_s=tenure.reconnect_s if tenure else 1.0,
        )

    async def _run(self, errand: Errand, tenure: _Tenure) -> None:
        card = errand.card.card
        try:
            drawn = await self._drawn(card)
            if drawn is None:
                self._aside[card.job_id] = self._clock.now() + timedelta(seconds=ASIDE_S)
                return
            if errand.act is Act.POST:
                await self._poster.post_once(card, drawn)
            elif errand.act is Act.REPEAT or self._differs(card, drawn):
                await self._edit(card, drawn, tenure, repeat=errand.act is Act.REPEAT)
            else:
                await self._cards.shown(card.job_id, drawn.shown, final_repeat_at=card.final_repeat_at)
            tenure.reconnect_s = 1.0
        except TryLater as busy:
            await self._pause(card.team_id, tenure, busy.retry_after_s)
        except OutcomeUnknown:
            await self._doubt(card)
            tenure.paused_until = self._clock.now() + timedelta(seconds=AGAIN_S)
        except NotSent:
            tenure.paused_until = self._clock.now() + timedelta(seconds=tenure.reconnect_s)
            tenure.reconnect_s = min(tenure.reconnect_s * 2, RECONNECT_MAX_S)
        except TokenDead as dead:
            self._dead.add(card.team_id)
            await self._alarm("slack_token_dead", {"team": card.team_id, "code": dead.code})

    async def _drawn(self, card: Card) -> Drawn | None:
        """A card that cannot be drawn is our bug; it must not stand in the way of the others."""
        try:
            return await self._artist.drawn(card)
        except Exception:  # noqa: BLE001
            _log.exception("a card could not be drawn", extra={"job": card.job_id})
            return None

    def _differs(self, card: Card, drawn: Drawn) -> bool:
        in_doubt = card.doubt_until is not None and card.doubt_until > self._clock.now()
        return drawn.shown.hash != card.shown_hash or (drawn.ended and in_doubt)

    async def _edit(self, card: Card, drawn: Drawn, tenure: _Tenure, *, repeat: bool) -> None:
        """One `chat.update`, which may be done twice; what Slack cannot draw is drawn simpler at once."""
        try:
            await self._update(card, drawn)
        except Ours as bug:
            if drawn.has_poster:
                await self._cards.poster(card.job_id, PosterState.REFUSED, card.poster_file_id)
                return
            await self._alarm("card_not_understood", {"job": card.job_id, "code": bug.code})
            await self._update(card, drawn.plainly())
        except (TryLater, OutcomeUnknown, NotSent, TokenDead):
            raise
        except SlackFailure as refusal:
            _log.warning("a card takes no more edits", extra={"job": card.job_id, "code": refusal.code})
            await self._cards.gone(card.job_id, card.ts or "")
            return
        repeat_at = None if repeat or not drawn.ended else self._repeat_at(card, tenure)
        await self._cards.shown(card.job_id, drawn.shown, final_repeat_at=repeat_at)

    async def _update(self, card: Card, drawn: Drawn) -> None:
        with slack_failures("chat.update"):
            await self._slack.chat_update(
                channel=card.slack_channel_id,
                ts=card.ts or "",
                text=drawn.message.text,
                blocks=drawn.message.blocks,
            )

    def _repeat_at(self, card: Card, tenure: _Tenure) -> datetime | None:
        """When an end must be said again, because an older edit without an answer could still land on it."""
        now, lasts = self._clock.now(), timedelta(seconds=LEASE_S)
        after_takeover = tenure.taken_over_at + lasts if tenure.taken_over_at else now
        safe_at = max(after_takeover, card.doubt_until or now)
        return safe_at if safe_at > now else None

    async def _doubt(self, card: Card) -> None:
        if card.state is CardState.POSTED:
            await self._cards.doubted(card.job_id, until=self._clock.now() + timedelta(seconds=LEASE_S))

    async def _pause(self, team_id: str, tenure: _Tenure, seconds: float) -> None:
        """Slack said "too fast": nobody edits this workspace's cards for so long, after a restart neither."""
        tenure.paused_until = self._clock.now() + timedelta(seconds=seconds)
        await self._cards.pause(team_id, until=tenure.paused_until)
