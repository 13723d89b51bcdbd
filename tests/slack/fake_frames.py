"""`FirstFrames` in memory: every picture has one, unless a test says otherwise."""

import asyncio

from bot.slack.frames import frame_name
from bot.slack.views.form_fields import ShownFrame


class FakeFrames:
    def __init__(self):
        self.file_id = "F1"
        self.notes = ()
        self.held = asyncio.Event()
        self.held.set()

    async def shown(self, offer):
        name = frame_name(offer)
        if name:
            await self.held.wait()
        return ShownFrame(name=name, file_id=self.file_id, notes=self.notes) if name else None
