"""The first frame of a video, shown in the form before money moves: a private file, shown by its id, then deleted."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.jobs.model import Fit
from bot.jobs.pictures import FirstFrame
from bot.jobs.wish import Offer
from bot.slack.failures import FileGone, MissingScope, NotSent, OutcomeUnknown, SlackFailure, TokenDead, TryLater
from bot.slack.uploads import SlackFiles
from bot.slack.views.form_fields import ShownFrame

_log = logging.getLogger(__name__)

FrameOf = Callable[[str, tuple[int, int], Fit], Awaitable[FirstFrame | None]]
READY_LOOKS_S = (0.0, 0.3, 0.7, 1.5)
"""Slack refuses a block with a picture that it has not looked at yet; a form cannot wait longer than this."""
REMEMBERED_MAX = 500
FRESH_FOR = timedelta(hours=1)
"""So long a form that is drawn shows a frame that is in Slack already."""
KEPT_FOR = timedelta(hours=4)
"""Hours longer, because a form may stay open after it was drawn; then the picture leaves Slack."""
LOST = "The picture is not here any more. Please upload it again, or go on without it."
NOT_SHOWN = "Slack would not show the first frame here. It is sent as chosen below; press the button if that is fine."


class FrameBook(Protocol):
    """Which first frames are in Slack. Each is written down before it is there, so no crash leaves one for ever."""

    async def granted(self, file_id: str, team_id: str, *, at: datetime) -> None: ...

    async def older_than(self, at: datetime) -> list[str]:
        """Their file ids."""

    async def taken_away(self, file_id: str) -> None: ...


class FirstFrames:
    def __init__(self, *, files: SlackFiles, book: FrameBook, frame_of: FrameOf, clock: Clock) -> None:
        self._files = files
        self._book = book
        self._frame_of = frame_of
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[ShownFrame, datetime]] = OrderedDict()

    async def shown(self, offer: Offer) -> ShownFrame | None:
        """None: there is no picture, or nothing could be made of it. Drawn once, however often the form is redrawn."""
        name, picture_id = frame_name(offer), offer.wish.picture_id
        if not name or picture_id is None or offer.size_px is None:
            return None
        if (known := self._known(name)) is not None:
            return known
        frame = await self._frame_of(picture_id, offer.size_px, offer.wish.picture_fit)
        if frame is None:
            return ShownFrame(name="", notes=(LOST,))  # nameless: never counts as seen, so nothing starts without it
        begun_at = self._clock.now()
        file_id = await self._uploaded(frame, offer.wish.team_id)
        shown = ShownFrame(name=name, file_id=file_id, notes=frame.notes if file_id else (NOT_SHOWN, *frame.notes))
        self._remembered[name] = shown, begun_at
        while len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return shown

    async def tidy(self) -> None:
        """Take away what no form shows any more. Repeatable; while Slack is busy or away, the next time does it."""
        for file_id in await self._book.older_than(self._clock.now() - KEPT_FOR):
            try:
                await self._files.delete(file_id)
            except FileGone:  # by somebody else, or never completed, which Slack forgets by itself
                pass
            except (TryLater, NotSent, OutcomeUnknown, TokenDead, MissingScope):
                return
            except SlackFailure as refusal:
                _log.warning("a first frame stays in Slack", extra={"file": file_id, "code": refusal.code})
            await self._book.taken_away(file_id)

    def _known(self, name: str) -> ShownFrame | None:
        shown, begun_at = self._remembered.get(name, (None, self._clock.now()))
        return shown if self._clock.now() - begun_at < FRESH_FOR else None

    async def _uploaded(self, frame: FirstFrame, team_id: str) -> str:
        """Empty: Slack would not take it, or not show it in time. A form is not worth more than one try."""
        try:
            grant = await self._files.grant(
                file_name="first-frame.jpg", size_bytes=len(frame.content), alt_txt="The first frame of the video"
            )
            await self._book.granted(grant.file_id, team_id, at=self._clock.now())
            await self._files.send(grant, frame.content)
            await self._files.complete(file_id=grant.file_id, title="First frame")
            for pause_s in READY_LOOKS_S:
                await self._clock.sleep(pause_s)
                if (await self._files.look(grant.file_id)).processed:
                    return grant.file_id
        except SlackFailure as failure:
            _log.warning("a first frame is not shown", extra={"code": failure.code, "method": failure.method})
        return ""


def frame_name(offer: Offer) -> str:
    """Which first frame this is: another picture, shape or fit is another one. Empty without a picture."""
    wish = offer.wish
    if wish.picture_id is None or offer.size_px is None:
        return ""
    return f"{wish.picture_id}:{offer.size_px[0]}x{offer.size_px[1]}:{wish.picture_fit.value}"
