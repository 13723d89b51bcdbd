"""One code makes one admin, however many type it at once; what admins save is compared and written down."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from virtual_clock import VirtualClock

from bot.slack.admin_desk import AdminDesk
from bot.slack.admin_ports import AdminChoices, ClaimOutcome, NoticeKind, SaveOutcome
from bot.store.admin_settings import StoredAdmins
from bot.store.engine import Store, opened_store
from bot.store.tables.notices import AuditRow


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened_store(database_url) as opened:
        yield opened


def desk(store: Store, clock: VirtualClock, *fixed: str) -> AdminDesk:
    """A process of its own."""
    return AdminDesk(book=StoredAdmins(store, by_configuration=fixed), clock=clock, by_configuration=fixed)


async def test_of_many_who_type_codes_at_once_one_becomes_admin_once(store: Store) -> None:
    clock = VirtualClock()
    one, two = desk(store, clock), desk(store, clock)
    codes = [await one.first_code("T1"), await two.first_code("T1")]
    assert None not in codes
    typed = [(each, f"U{nth}", codes[nth % 2]) for nth in range(6) for each in (one, two)]
    outcomes = await asyncio.gather(*(each.claim("T1", user, code or "") for each, user, code in typed))
    assert outcomes.count(ClaimOutcome.CLAIMED) == 1
    assert set(outcomes) <= {ClaimOutcome.CLAIMED, ClaimOutcome.TAKEN, ClaimOutcome.NO_CODE}
    assert len(await one.admins("T1")) == 1
    assert await one.first_code("T1") is None


async def test_a_code_works_in_its_own_workspace_alone(store: Store) -> None:
    clock = VirtualClock()
    process = desk(store, clock)
    code = await process.first_code("T1") or ""
    assert await process.claim("T2", "U1", code) is ClaimOutcome.NO_CODE
    assert await process.admins("T2") == ()


async def test_twenty_tries_in_a_workspace_are_enough_for_an_hour(store: Store) -> None:
    clock = VirtualClock()
    process = desk(store, clock)
    code = await process.first_code("T1") or ""
    for nth in range(20):
        assert await process.claim("T1", f"U{nth // 5}", "2222-22") is ClaimOutcome.WRONG
    assert await process.claim("T1", "UNEW", code) is ClaimOutcome.TOO_MANY
    clock.leap(3601)
    assert await process.claim("T1", "UNEW", code) is ClaimOutcome.CLAIMED


async def test_who_is_no_admin_saves_nothing(store: Store) -> None:
    process = desk(store, VirtualClock(), "UBOSS")
    wanted = AdminChoices(channels={NoticeKind.STATUS: ("C1",)})
    assert await process.save("T1", "U1", wanted, was_version=0) is SaveOutcome.NOT_ADMIN
    assert await process.choices("T1") == AdminChoices()


async def test_of_two_who_save_at_once_one_is_told_that_things_changed(store: Store) -> None:
    process = desk(store, VirtualClock(), "UBOSS")
    wanted = [AdminChoices(admins=(f"U{nth}",)) for nth in range(2)]
    outcomes = await asyncio.gather(*(process.save("T1", "UBOSS", each, was_version=0) for each in wanted))
    assert sorted(outcomes) == [SaveOutcome.CHANGED_MEANWHILE, SaveOutcome.SAVED]
    kept = await process.choices("T1")
    assert replace(kept, version=0) in wanted


async def test_every_change_is_written_down(store: Store) -> None:
    process = desk(store, VirtualClock(), "UBOSS")
    first = AdminChoices(admins=("U1",), channels={NoticeKind.STATUS: ("C1", "C2")}, mail=False)
    await process.save("T1", "UBOSS", first, was_version=0)
    await process.save("T1", "U1", AdminChoices(), was_version=1)
    lines = await store.read(lambda session: list(session.scalars(sa.select(AuditRow).order_by(AuditRow.id))))
    assert [(each.user_id, each.what, each.words) for each in lines] == [
        ("UBOSS", "admin_added", "U1"),
        ("UBOSS", "notices_changed", "status: C1 C2"),
        ("UBOSS", "notices_changed", "e-mail: off"),
        ("U1", "admin_removed", "U1"),
        ("U1", "notices_changed", "status: nowhere"),
        ("U1", "notices_changed", "e-mail: on"),
    ]
