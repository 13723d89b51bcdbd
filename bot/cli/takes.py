"""One real video, from its order to its film, and the files it leaves: what `sora-bot provider record` plays."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from bot.catalogue.model import Model, Tier
from bot.clock import Clock, new_id
from bot.observing.confidential import Confidential
from bot.providers.base import RenderRef, RenderRequest, RenderState, RenderStatus
from bot.providers.errors import OutcomeUnknown, ProviderError
from bot.providers.overhearing import Heard
from bot.providers.recording import FILM, Redactor, exchange_of, seen_in
from bot.upstreams.registry import Upstream, is_sold

PROMPT = "A paper boat drifts across a still pond at dawn. Slow camera, soft light."
ENDED = frozenset({RenderState.SUCCEEDED, RenderState.FAILED, RenderState.CANCELLED})


class CannotRecord(Exception):
    """In words, with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """The smallest video that is still one: what is recorded, and what it costs."""

    upstream: Upstream
    base_url: str
    model: Model
    order: RenderRequest
    usd_micros: int


def take_of(upstream: Upstream, wanted: str, clock: Clock, *, base_url: str) -> Take:
    """
    Raises:
        CannotRecord: nothing there can be recorded.
    """
    if upstream.tier is Tier.PREVIEW:
        raise CannotRecord("The preview is drawn on this machine; it says nothing that could be recorded.")
    now = clock.now()
    sold = [each.at(now) for each in upstream.models if is_sold(each.at(now), now) and each.wire_name is not None]
    named = [each for each in sold if wanted.casefold() in {each.name.casefold(), *map(str.casefold, each.aliases)}]
    if wanted and not named:
        names = ", ".join(each.name for each in sold) or "none"
        raise CannotRecord(f'{upstream.label} has no model "{wanted}" that makes a video from text. It has {names}.')
    prices = [
        (each.price.of(length_s=each.lengths_s[0], resolution=resolution), index, shape, resolution)
        for index, each in enumerate(named or sold)
        for shape, resolution in each.sizes_px
    ]
    if not prices:
        raise CannotRecord(f"{upstream.label} has no model that makes a video from text.")
    usd_micros, index, shape, resolution = min(prices)
    model = (named or sold)[index]
    order = RenderRequest(
        prompt=PROMPT,
        wire_name=str(model.wire_name),
        length_s=model.lengths_s[0],
        shape=shape,
        resolution=resolution,
        size_px=model.sizes_px[shape, resolution],
        audio=None,
        seed=None,
        picture=None,
        client_key=new_id(),
        webhook_url=None,
        extra=model.wire,
    )
    return Take(upstream=upstream, base_url=base_url, model=model, order=order, usd_micros=usd_micros)


class Session:
    """One video from submit to film, and the files it leaves."""

    def __init__(self, take: Take, heard: list[Heard], confidential: Confidential, clock: Clock) -> None:
        self._take = take
        self._heard = heard
        self._clock = clock
        self._confidential = confidential
        self._redactor = Redactor(take.base_url, confidential.cleaned)
        self._ref = RenderRef(render_id="")

    async def played(self, into: Path, film: Path | None) -> Sequence[Path]:
        """
        Raises:
            CannotRecord: it ended without a video; what was said until then is written all the same.
        """
        files: dict[str, dict[str, Any]] = {}
        try:
            await self._submitted(files)
            status = await self._awaited(files)
            if status.state is RenderState.SUCCEEDED:
                await self._fetched(status, files, film)
        except ProviderError as error:
            written = [str(path) for path in self._written(files, into)]
            paid = " It may have been accepted and paid: look at the service." if _may_exist(error) else ""
            until = f" Until then: {', '.join(written)}." if written else ""
            raise CannotRecord(f"{self._take.upstream.label}: {error.detail}.{paid}{until}") from None
        return self._written(files, into)

    async def _submitted(self, files: dict[str, dict[str, Any]]) -> None:
        at = len(self._heard)
        self._ref = await self._take.upstream.provider.submit(self._take.order)
        typer.echo(f"Accepted as {self._ref.render_id}. Waiting; about {self._take.model.typical_s} s are usual.")
        expect: dict[str, Any] = {"render_id": self._ref.render_id}
        if sent := self._redactor.sent(self._heard[at]):
            expect["sent"] = sent
        files["submit"] = self._exchange("submit", self._heard[at:], expect)

    async def _awaited(self, files: dict[str, dict[str, Any]]) -> RenderStatus:
        """Look until it has ended; of looks that say the same state the first is kept, of the end the last."""
        until = self._clock.now() + timedelta(seconds=self._take.model.wait_max_s)
        while True:
            at = len(self._heard)
            status = await self._take.upstream.provider.poll(self._ref)
            files.setdefault(f"poll_{status.state.value}", self._exchange("poll", self._heard[at:], seen_in(status)))
            if status.state in ENDED:
                return status
            if self._clock.now() > until:
                raise CannotRecord(f"It takes longer than usual; the service calls it {self._ref.render_id}.")
            await self._clock.sleep(status.poll_after_s or self._take.upstream.protocol.poll_min_s)

    async def _fetched(self, status: RenderStatus, files: dict[str, dict[str, Any]], film: Path | None) -> None:
        at = len(self._heard)
        async with self._take.upstream.provider.download(self._ref, status) as download:
            content = b"".join([chunk async for chunk in download.chunks])
        if film is not None:
            film.write_bytes(content)
        typer.echo(f"The film came: {len(content) / 1_000_000:.1f} MB.")
        looked = files["poll_succeeded"]["answers"]
        fetched = self._exchange("download", self._heard[at:], {"file": FILM})
        fetched["answers"] = [*looked, *(each for each in fetched["answers"] if each["status"] < 300)]
        files["download"] = fetched

    def _exchange(self, call: str, heard: Sequence[Heard], expect: dict[str, Any]) -> dict[str, Any]:
        upstream, today = self._take.upstream, self._clock.now().date()
        return exchange_of(
            call=call,
            protocol=upstream.protocol.key,
            source=f"recorded from {upstream.protocol.label} on {today} with sora-bot provider record",
            read=today,
            order=self._take.order,
            ref=self._ref,
            heard=heard,
            redactor=self._redactor,
            expect=expect,
        )

    def _written(self, files: dict[str, dict[str, Any]], into: Path) -> Sequence[Path]:
        into.mkdir(parents=True, exist_ok=True)
        stem = self._take.upstream.protocol.key.replace("/", "_")
        paths = []
        for name, document in files.items():
            text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            if self._confidential.holds_secret(text):
                raise CannotRecord(f"{name} still holds a secret and was not written; tell who keeps this project.")
            path = into / f"{stem}_{name}.json"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths


def _may_exist(error: ProviderError) -> bool:
    return isinstance(error, OutcomeUnknown)
