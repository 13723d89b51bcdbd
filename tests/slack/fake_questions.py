"""`QuestionDesk` and `HappenedDesk` in memory: they answer what a test tells them to, and keep what they were asked."""

from bot.jobs.happened import HappenedAnswer, LookOutcome
from bot.jobs.questions import AnswerOutcome, QuestionAnswer


class FakeQuestions:
    def __init__(self):
        self.asked = []
        self.answers = QuestionAnswer(outcome=AnswerOutcome.UNKNOWN)

    async def answer(self, team_id, user_id, question_id, word):
        self.asked.append((team_id, user_id, question_id, word))
        return self.answers


class FakeHappened:
    def __init__(self):
        self.asked = []
        self.answers = HappenedAnswer(outcome=LookOutcome.UNKNOWN)

    async def look(self, team_id, user_id, job_id):
        self.asked.append((team_id, user_id, job_id))
        return self.answers
