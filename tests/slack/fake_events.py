"""`EventBook` in memory, as one process would have it."""

from bot.jobs.book import BookAway


class FakeEvents:
    def __init__(self):
        self.seen = set()
        self.away = False

    async def is_new(self, team_id, event_id):
        if self.away:
            raise BookAway("no answer")
        new = (team_id, event_id) not in self.seen
        self.seen.add((team_id, event_id))
        return new
