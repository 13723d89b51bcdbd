"""The ledger: entries that are only ever added, and the balances they add up to.

    hold ──▶ raise, lower   its person agreed to something dearer, or cheaper
      │
      ├────▶ capture        the video exists; real price, above the hold if need be
      │  └─▶ possibly_paid  never found out whether the submit arrived; counts as spent
      └────▶ release        failed, refused, cancelled: given back

One job has one hold, which may be raised or lowered, and one entry closes it: the first capture of a video or the
release. A video that turns up after that (late, or from the service that a failover left behind) is a capture of its
own that closes nothing: spent twice is booked twice, because it was paid twice. So is a possibly_paid beside a hold
that stays for one more try, and a try that made nothing and is billed, which lowers it. A second capture of the same
*attempt* cannot be: its key is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never


class EntryKind(StrEnum):
    HOLD = "hold"
    RAISE = "raise"
    LOWER = "lower"
    CAPTURE = "capture"
    POSSIBLY_PAID = "possibly_paid"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line, in micro-dollars, never below zero."""

    key: str
    kind: EntryKind
    usd_micros: int
    closed_usd_micros: int | None = None
    """What is held by then, in the entry that closes it; None: it leaves the hold open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One scope in one period. A clip is one video that was reserved, or paid for."""

    held_usd_micros: int = 0
    captured_usd_micros: int = 0
    held_clips: int = 0
    captured_clips: int = 0


def hold_key(job_id: str) -> str:
    return f"{job_id}:hold"


def capture_key(job_id: str, attempt_id: str) -> str:
    """Shared by capture and possibly_paid: one attempt is paid for once, however we learned of it."""
    return f"{job_id}:{attempt_id}:capture"


def rehold_key(job_id: str, cause_id: str) -> str:
    """One cause, an answer or a try that was billed, changes a hold once."""
    return f"{job_id}:{cause_id}:hold"


def release_key(job_id: str) -> str:
    return f"{job_id}:release"


def apply(balance: Balance, entry: Entry) -> Balance:
    """Fold one entry in. The order of entries does not matter to the sum."""
    closed = entry.closed_usd_micros
    if closed is not None:
        balance = replace(balance, held_usd_micros=balance.held_usd_micros - closed, held_clips=balance.held_clips - 1)
    match entry.kind:
        case EntryKind.HOLD:
            return replace(
                balance,
                held_usd_micros=balance.held_usd_micros + entry.usd_micros,
                held_clips=balance.held_clips + 1,
            )
        case EntryKind.RAISE:
            return replace(balance, held_usd_micros=balance.held_usd_micros + entry.usd_micros)
        case EntryKind.LOWER:
            return replace(balance, held_usd_micros=balance.held_usd_micros - entry.usd_micros)
        case EntryKind.CAPTURE | EntryKind.POSSIBLY_PAID:
            return replace(
                balance,
                captured_usd_micros=balance.captured_usd_micros + entry.usd_micros,
                captured_clips=balance.captured_clips + 1,
            )
        case EntryKind.RELEASE:
            return balance
        case _:
            assert_never(entry.kind)


def recomputed(entries: Iterable[Entry]) -> Balance:
    """What the balance must be, from nothing but the ledger."""
    balance = Balance()
    for entry in entries:
        balance = apply(balance, entry)
    return balance
