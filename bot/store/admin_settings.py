"""`slack.admin_ports.AdminBook` on our tables. One row per workspace is the lock under which everything changes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.admin_ports import AdminBook, AdminChoices, ClaimOutcome, NoticeKind, SaveOutcome, SecretCode
from bot.store.engine import Store
from bot.store.tables.notices import (
    AdminRow,
    AdminSettingsRow,
    AuditRow,
    ClaimCodeRow,
    ClaimTryRow,
    NoticeChannelRow,
)
from bot.store.upsert import insert_for

TRIED_WITHIN = timedelta(hours=1)


class StoredAdmins:
    def __init__(self, store: Store, *, by_configuration: Sequence[str] = ()) -> None:
        """`by_configuration`: admins that no row names and nobody in Slack can take away."""
        self._store = store
        self._fixed = tuple(by_configuration)

    async def choices(self, team_id: str) -> AdminChoices:
        return await self._store.read(lambda session: _choices(session, team_id))

    async def issue(self, team_id: str, code: SecretCode, *, now: datetime, expires_at: datetime) -> bool:
        def work(session: Session) -> bool:
            _locked(session, team_id)
            if self._fixed or _admins(session, team_id):
                return False
            old = sa.delete(ClaimCodeRow).where(col(ClaimCodeRow.team_id) == team_id)
            session.execute(old.where(col(ClaimCodeRow.expires_at) <= now))
            session.add(ClaimCodeRow(team_id=team_id, salt=code.salt, digest=code.digest, expires_at=expires_at))
            return True

        return await self._store.write(work)

    async def codes(
        self, team_id: str, user_id: str, *, now: datetime, person_max: int, team_max: int
    ) -> Sequence[SecretCode] | None:
        of_team = col(ClaimTryRow.team_id) == team_id

        def work(session: Session) -> Sequence[SecretCode] | None:
            _locked(session, team_id)
            session.execute(sa.delete(ClaimTryRow).where(of_team, col(ClaimTryRow.tried_at) <= now - TRIED_WITHIN))
            tried = list(session.scalars(sa.select(col(ClaimTryRow.user_id)).where(of_team)))
            if len(tried) >= team_max or tried.count(user_id) >= person_max:
                return None
            session.add(ClaimTryRow(team_id=team_id, user_id=user_id, tried_at=now))
            alive = sa.select(ClaimCodeRow).where(
                col(ClaimCodeRow.team_id) == team_id, col(ClaimCodeRow.expires_at) > now
            )
            return [
                SecretCode(id=row.id, salt=row.salt, digest=row.digest)
                for row in session.scalars(alive)
                if row.id is not None
            ]

        return await self._store.write(work)

    async def claim(self, team_id: str, user_id: str, code_id: int, *, now: datetime) -> ClaimOutcome:
        def work(session: Session) -> ClaimOutcome:
            _locked(session, team_id)
            if self._fixed or _admins(session, team_id):
                return ClaimOutcome.TAKEN
            code = session.get(ClaimCodeRow, code_id)
            if code is None or code.team_id != team_id or code.expires_at <= now:
                return ClaimOutcome.NO_CODE
            session.execute(sa.delete(ClaimCodeRow).where(col(ClaimCodeRow.team_id) == team_id))
            session.add(AdminRow(team_id=team_id, user_id=user_id, since=now, made_by=user_id))
            session.add(AuditRow(team_id=team_id, at=now, user_id=user_id, what="admin_claimed", words="by code"))
            return ClaimOutcome.CLAIMED

        return await self._store.write(work)

    async def save(
        self, team_id: str, user_id: str, wanted: AdminChoices, *, was_version: int, now: datetime
    ) -> SaveOutcome:
        def work(session: Session) -> SaveOutcome:
            _locked(session, team_id)
            was = _choices(session, team_id)
            if user_id not in {*self._fixed, *was.admins}:
                return SaveOutcome.NOT_ADMIN
            if was.version != was_version:
                return SaveOutcome.CHANGED_MEANWHILE
            if not self._fixed and not wanted.admins:
                return SaveOutcome.NO_ADMIN_LEFT
            _replace(session, team_id, user_id, was, wanted, now)
            return SaveOutcome.SAVED

        return await self._store.write(work)


def audited(session: Session, *, team_id: str, user_id: str, what: str, words: str, now: datetime) -> None:
    """One more line of who did what, in the caller's transaction."""
    session.add(AuditRow(team_id=team_id, at=now, user_id=user_id, what=what, words=words))


def mailing(session: Session, team_id: str) -> bool:
    """Whether this workspace's admins want e-mails; so, until they say otherwise."""
    row = session.get(AdminSettingsRow, team_id)
    return row is None or row.mail


def _locked(session: Session, team_id: str) -> None:
    """First in every change: the others wait until it is committed."""
    row = insert_for(session, AdminSettingsRow).values(team_id=team_id, version=0, mail=True)
    kept = {"team_id": row.excluded.team_id}
    session.execute(row.on_conflict_do_update(index_elements=["team_id"], set_=kept))


def _choices(session: Session, team_id: str) -> AdminChoices:
    row = session.get(AdminSettingsRow, team_id, populate_existing=True)
    chosen: dict[NoticeKind, list[str]] = {}
    of_team = sa.select(NoticeChannelRow).where(col(NoticeChannelRow.team_id) == team_id)
    for each in session.scalars(of_team.order_by(col(NoticeChannelRow.slack_channel_id))):
        chosen.setdefault(NoticeKind(each.kind), []).append(each.slack_channel_id)
    return AdminChoices(
        version=row.version if row else 0,
        admins=_admins(session, team_id),
        channels={kind: tuple(ids) for kind, ids in chosen.items()},
        mail=row.mail if row else True,
    )


def _admins(session: Session, team_id: str) -> tuple[str, ...]:
    of_team = sa.select(col(AdminRow.user_id)).where(col(AdminRow.team_id) == team_id)
    return tuple(session.scalars(of_team.order_by(col(AdminRow.since), col(AdminRow.user_id))))


def _replace(
    session: Session, team_id: str, user_id: str, was: AdminChoices, wanted: AdminChoices, now: datetime
) -> None:
    def note(what: str) -> Callable[[str], None]:
        return lambda words: audited(session, team_id=team_id, user_id=user_id, what=what, words=words, now=now)

    for gone in set(was.admins) - set(wanted.admins):
        session.execute(sa.delete(AdminRow).where(col(AdminRow.team_id) == team_id, col(AdminRow.user_id) == gone))
        note("admin_removed")(gone)
    for new in dict.fromkeys(each for each in wanted.admins if each not in was.admins):
        session.add(AdminRow(team_id=team_id, user_id=new, since=now, made_by=user_id))
        note("admin_added")(new)
    for kind in NoticeKind:
        before, after = set(was.channels.get(kind, ())), set(wanted.channels.get(kind, ()))
        if before == after:
            continue
        of_kind = sa.delete(NoticeChannelRow).where(
            col(NoticeChannelRow.team_id) == team_id, col(NoticeChannelRow.kind) == kind.value
        )
        session.execute(of_kind)
        session.add_all(
            NoticeChannelRow(team_id=team_id, kind=kind.value, slack_channel_id=each) for each in sorted(after)
        )
        note("notices_changed")(f"{kind.value}: {' '.join(sorted(after)) or 'nowhere'}")
    if was.mail != wanted.mail:
        note("notices_changed")(f"e-mail: {'on' if wanted.mail else 'off'}")
    change = sa.update(AdminSettingsRow).where(col(AdminSettingsRow.team_id) == team_id)
    session.execute(change.values(version=was.version + 1, mail=wanted.mail))


_: type[AdminBook] = StoredAdmins
