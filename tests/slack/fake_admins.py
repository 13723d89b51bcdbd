"""The admins' rows in memory."""

from dataclasses import replace

from bot.slack.admin_ports import AdminChoices, ClaimOutcome, SaveOutcome


class MemoryAdmins:
    """One workspace's. `kept` are the choices as they are."""

    def __init__(self):
        self.kept = AdminChoices()
        self.printed = []

    async def choices(self, team_id):
        return self.kept

    async def issue(self, team_id, code, *, now, expires_at):
        self.printed.append(replace(code, id=len(self.printed) + 1))
        return not self.kept.admins

    async def codes(self, team_id, user_id, *, now, person_max, team_max):
        return self.printed

    async def claim(self, team_id, user_id, code_id, *, now):
        self.kept = replace(self.kept, admins=(user_id,))
        return ClaimOutcome.CLAIMED

    async def save(self, team_id, user_id, wanted, *, was_version, now):
        self.kept = replace(wanted, version=was_version + 1)
        return SaveOutcome.SAVED
