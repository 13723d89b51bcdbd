"""`DoubtDesk` in memory: answers what a test tells it to, and keeps what it was asked."""

from bot.jobs.doubt_desk import DoubtAnswer, DoubtOutcome


class FakeDoubts:
    def __init__(self):
        self.asked = []
        self.answers = DoubtAnswer(outcome=DoubtOutcome.UNKNOWN)
        self.unseen = []

    async def answer(self, team_id, user_id, attempt_id, *, made):
        self.asked.append((team_id, user_id, attempt_id, made))
        return self.answers

    async def review(self, team_id, user_id):
        return self.unseen
