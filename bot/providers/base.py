"""The port every wire protocol implements."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.catalogue.model import Shape
from bot.providers.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A fitted first frame: decoded and encoded again by `media`, so never a person's own bytes."""

    content: bytes
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One order in a service's terms; capabilities were checked before."""

    prompt: str
    wire_name: str
    length_s: int
    shape: Shape
    resolution: str
    size_px: tuple[int, int]
    audio: bool | None
    seed: int | None
    picture: Picture | None
    client_key: str
    """Ours, opaque, the same for every repetition of one submit; sent wherever the service takes one."""
    webhook_url: str | None
    extra: Mapping[str, object]
    """`Model.wire`: fields only this model needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRef:
    """The service's own work. `poll_ref` is whatever the adapter needs beside the id (fal's URLs), small and JSON."""

    render_id: str
    poll_ref: str = ""
    request_id: str = ""


class RenderState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderStatus:
    """One look at a render. An unknown word of the service is RUNNING with `unknown_word` set: pending, an alarm."""

    state: RenderState
    progress: float | None = None
    """0 to 1, only if the service says so."""
    poll_after_s: float | None = None
    result_ref: str = ""
    """What `download` needs beside the RenderRef (a URL), small and JSON; empty until SUCCEEDED."""
    failure: ProviderError | None = None
    """Set when FAILED or CANCELLED; not raised."""
    cost_usd_micros: int | None = None
    """Only if the service reports what it charged."""
    unknown_word: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """An open answer. `length` is None when the service does not say."""

    chunks: AsyncIterator[bytes]
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRender:
    """A render that a listing shows, with what it shows to recognise it by."""

    ref: RenderRef
    created_at: datetime | None
    client_key: str = ""
    prompt: str | None = None
    wire_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """A verified delivery. It only wakes the watcher; the truth is read from the service."""

    event_id: str
    render_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChallenge:
    """A service asks whether anybody is at the address it was given; `answer` is the JSON that it wants to read."""

    answer: str


class VideoProvider(Protocol):
    """One service's wire protocol: no retries, no state, no knowledge of Slack or money.

    Every call raises only `bot.providers.errors`. An adapter gets a ready `httpx.AsyncClient` (base URL, key, timeouts
    set by `transport.opened_client`) and the catalogue's `Protocol`, and never creates or closes a client.
    """

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a paid render. Called once per attempt unless the protocol honours an idempotency key.

        Raises:
            OutcomeUnknown: it may have been accepted: timeout or drop after sending, 5xx not listed, unreadable body.
            ProviderError: any other class is a proof that nothing was accepted.
        """

    async def poll(self, ref: RenderRef) -> RenderStatus:
        """Look once. Repeatable and free."""

    def download(self, ref: RenderRef, status: RenderStatus) -> AbstractAsyncContextManager[Download]:
        """Open the finished video. Redirects leave the key behind; addresses from answers must be public."""

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:
        """The ref of a render whose submit's answer was lost, from the id that a webhook or a listing brought."""

    async def cancel(self, ref: RenderRef) -> bool:
        """True only when the service confirms that it stopped and will not charge. Only where it `cancels`."""

    async def check(self) -> None:
        """A free authenticated look (model list, balance); returns or raises. For `doctor` and health."""

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        """The event of a genuine delivery; None: forged, stale or unreadable. Only where it has `webhooks`."""


@runtime_checkable
class FindsRenders(Protocol):
    """An adapter whose service lists its renders: one whose submit's answer was lost is searched there.

    Used where the catalogue says `lists`. Who cannot be searched has no such method, for an empty list would be an
    absence, and an absence is the right to pay once more.
    """

    async def find(self, since: datetime) -> list[FoundRender]:
        """Renders accepted since then, paging back past it.

        Raises:
            CapacityFailed: the list cannot prove an absence.
        """


@runtime_checkable
class PollsMany(Protocol):
    """An adapter whose service tells of many renders in one answer. Used where the catalogue has `poll_batch_max`."""

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        """Look at all of them with one request: by render id what `poll` would return or raise.

        A render that the answer does not mention is left out, and looked at alone.
        """


@runtime_checkable
class CallsBack(Protocol):
    """An adapter whose service signs nothing: what proves a callback is the address that only the service was told."""

    async def called_back(self, body: bytes) -> WebhookEvent | WebhookChallenge | None:
        """What a callback says that came to an attempt's own address; None: nothing that this service would say.

        It is believed about that attempt's render alone, and only as a reason to look.
        """


@runtime_checkable
class TellsBalance(Protocol):
    """An adapter whose service says for free what is left of the money paid beforehand."""

    async def balance(self) -> int | None:
        """What is left, in micro-dollars. None: the service does not say it to this key, or nothing bounds it."""
