"""A small service that speaks `/v1/videos` on 127.0.0.1 and makes real films: for the demo and for tests.

No money, no key of anybody's, no network. It is as strict as the real ones (fields, sizes, keys, states), its bad luck
is on a dial (`switch` for people, `faults` for tests), and what it was really asked to do can be read from outside
(`accepted`, `calls`, `webhooks.deliveries`), so that nobody has to believe the bot.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Self

import aiohttp
from aiohttp import web

from bot.clock import Clock, NewId, new_id
from bot.demo.videos.book import Book
from bot.demo.videos.calls import Calls
from bot.demo.videos.crew import working_crew
from bot.demo.videos.dialects import DIALECTS, Variant
from bot.demo.videos.door import Door
from bot.demo.videos.faults import Faults
from bot.demo.videos.job import Job, JobStatus
from bot.demo.videos.misfortune import Misfortune
from bot.demo.videos.rendering import Rendering
from bot.demo.videos.routes import VideoRoutes
from bot.demo.videos.studio import LABEL, Films, OneFilm, Studio
from bot.demo.videos.switches import Switch
from bot.demo.videos.webhooks import Webhooks, new_webhook_secret

HOST: Final = "127.0.0.1"
KEY: Final = "sk-local-videos"
REQUEST_BYTES_MAX: Final = 64 * 1024 * 1024
STOP_S: Final = 1.0


class LocalVideos:
    """One running service; make it with `running`."""

    def __init__(
        self, *, clock: Clock, variant: Variant, key: str, models: Sequence[str], render_s: float,
        listing_lag_s: float, poll_after_ms: int | None, new_id: NewId,
    ) -> None:  # fmt: skip
        self.variant = variant
        self.key = key
        """The one that is let in from now on; its owner may get a new one at any time."""
        self.calls = Calls()
        self.faults = Faults()
        self._clock = clock
        self._dialect = DIALECTS[variant]()
        self._models = tuple(models)
        self._render_s = render_s
        self._listing_lag_s = listing_lag_s
        self._poll_after_ms = poll_after_ms
        self._new_id = new_id
        self.webhooks: Webhooks
        self._book: Book
        self._door: Door

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        clock: Clock,
        directory: Path,
        film: Path | None = None,
        variant: Variant | str = Variant.OPENAI,
        port: int = 0,
        key: str = KEY,
        models: Sequence[str] = (),
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        render_s: float = 8.0,
        listing_lag_s: float = 0.0,
        poll_after_ms: int | None = None,
        label: str = LABEL,
        new_id: NewId = new_id,
    ) -> AsyncIterator[Self]:
        """Serve until the block ends; ending stops every render and silence.

        Args:
            directory: finished films, by what was asked; several services may share it and then make each film once.
            film: an MP4 that answers every order; for many orders, and for a virtual clock, which would run away
                while a film is made in real time.
            models: names that exist and are listed; empty means all.
            webhook_url: only the openai variant has webhooks; may be set later at `webhooks.url`.
            render_s: how long a render takes, if encoding does not take longer.
            listing_lag_s: how late a job appears in the list.
            poll_after_ms: hint sent with each look at an unfinished job, in the header the SDK obeys.
            label: what stands on each film: who made it.

        Raises:
            ValueError: webhooks of a variant that has none, or a secret that does not begin with `whsec_`.
            OSError: the port is taken.
        """
        service = cls(
            clock=clock, variant=Variant(variant), key=key, models=models, render_s=render_s,
            listing_lag_s=listing_lag_s, poll_after_ms=poll_after_ms, new_id=new_id,
        )  # fmt: skip
        async with AsyncExitStack() as owned:
            films = Studio(directory, label=label) if film is None else OneFilm(film)
            await service._open(owned, films, port, webhook_url, webhook_secret)
            yield service

    async def _open(
        self, owned: AsyncExitStack, films: Films, port: int, webhook_url: str | None, webhook_secret: str | None
    ) -> None:
        """Build everything; `owned` closes it in reverse."""
        if webhook_url is not None and not self._dialect.has_webhooks:
            raise ValueError(f"the {self.variant} variant has no webhooks")
        session = await owned.enter_async_context(aiohttp.ClientSession())
        crew = await owned.enter_async_context(working_crew())
        self.webhooks = Webhooks(
            session=session, clock=self._clock, new_id=self._new_id, url=webhook_url,
            secret=webhook_secret or new_webhook_secret(),
        )  # fmt: skip
        rendering = Rendering(
            clock=self._clock, films=films, render_s=self._render_s,
            pace=lambda: self._book.switch.pace, announce=self._announce,
        )  # fmt: skip
        self._book = Book(
            clock=self._clock, new_id=self._new_id, dialect=self._dialect, crew=crew, rendering=rendering,
            listing_lag_s=self._listing_lag_s,
        )  # fmt: skip
        await self._serve(owned, port)

    async def _serve(self, owned: AsyncExitStack, port: int) -> None:
        misfortune = Misfortune(
            clock=self._clock, new_id=self._new_id, dialect=self._dialect, book=self._book,
            calls=self.calls, faults=self.faults,
        )  # fmt: skip
        app = web.Application(client_max_size=REQUEST_BYTES_MAX, middlewares=[misfortune.handle])
        VideoRoutes(
            dialect=self._dialect, book=self._book, clock=self._clock, key=lambda: self.key,
            models=self._models, poll_after_ms=self._poll_after_ms,
        ).register(app)  # fmt: skip
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        owned.push_async_callback(runner.cleanup)
        self._door = Door(runner, host=HOST, port=port)
        owned.push_async_callback(self._door.close)
        owned.callback(misfortune.closing.set)
        await self._door.open()

    async def _announce(self, job: Job) -> None:
        if not self._dialect.has_webhooks:
            job.announced.set()
            return
        kind = "video.completed" if job.status is JobStatus.COMPLETED else "video.failed"
        await self.webhooks.announce(job.id, kind, tried=job.announced.set)

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client is given: `http://127.0.0.1:<port>/v1`."""
        return f"{self.origin}/v1"

    @property
    def accepted(self) -> list[Job]:
        """Every render ever started, in order, deleted ones too: the ground truth about second submits."""
        return list(self._book.jobs)

    @property
    def jobs(self) -> list[Job]:
        """The jobs the service still knows, in the order of their acceptance."""
        return [job for job in self._book.jobs if not job.deleted]

    def charged(self, job: Job) -> bool:
        """Whether the account pays for this job as it stands now."""
        return self._dialect.charged(job)

    @property
    def switched(self) -> Switch:
        return self._book.switch

    async def switch(self, position: Switch | str) -> None:
        """Turn the demo's switch; one position at a time, `normal` puts everything right again."""
        wanted = Switch(position)
        self._book.turn(wanted)
        if wanted is Switch.DOWN:
            await self._door.shut()
        else:
            await self._door.open()
