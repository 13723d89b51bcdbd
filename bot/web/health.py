"""Ready means: the database answers and Slack can reach us. Alive means only that the loop turns."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Question = Callable[[], Awaitable[str]]
"""Empty: all is well. Else what is wrong, in words without secrets."""


class Readiness:
    def __init__(self, questions: Mapping[str, Question]) -> None:
        self._questions = questions

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self._questions)

    async def problems(self) -> dict[str, str]:
        asked = {name: await question() for name, question in self._questions.items()}
        return {name: words for name, words in asked.items() if words}

    async def answer(self, _request: web.Request) -> web.Response:
        problems = await self.problems()
        return web.json_response({"ready": not problems, "problems": problems}, status=503 if problems else 200)
