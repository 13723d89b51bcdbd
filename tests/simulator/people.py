"""Simulated people: they order, change their mind, click twice, ask again, and admins answer what is asked of them."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from bot.jobs.answers import Accepted, Answer, PriceToConfirm, SameAgain
from bot.jobs.consent import AnswerWord
from bot.jobs.model import Failure, JobState, Place
from bot.jobs.wish import Wish
from bot.slack.ids import ActionId
from tests.simulator.dial import Dial, Fault
from tests.simulator.fleet import WISHED
from tests.simulator.judge import Judge, Seen
from tests.simulator.market import COMMON
from tests.simulator.process import ADMINS, TEAM, Process
from tests.simulator.services import Service
from tests.simulator.slack_town import Message, SlackTown

T = TypeVar("T")
ORDERS_A_DAY = 6
"""By one person, on average."""
CHANNELS = 6
DAY_S = 86400.0
PROMPTS = ("a corgi surfing", "rain on a tin roof", "a paper boat", "our new kettle", "a lighthouse at dusk")
TRIES = 6


class Town(Protocol):
    """What people can do: reach a bot that runs, and let things go on beside them."""

    async def do(self, work: Callable[[Process], Coroutine[Any, Any, T]], *, subject: str) -> T | None:
        """None: the bot died meanwhile, or said that something went wrong."""

    def begin(self, work: Coroutine[Any, Any, object]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When one order is asked for, by whom, and what."""

    number: int
    at_s: float
    user_id: str
    wish: Wish


def plans(dial: Dial, *, jobs: int, days: float, services: list[Service], is_fleet: bool = False) -> list[Plan]:
    """Each order is drawn by itself, so that leaving some out does not change the others."""
    people = max(4, math.ceil(jobs / days / ORDERS_A_DAY))
    models = [None, None, COMMON, *(f"{each.name}-own" for each in services)]
    made = []
    for number in range(1, jobs + 1):
        dice = dial.dice("order", str(number))
        user_id = f"U{dice.randrange(people):04}"
        wish = Wish(
            team_id=TEAM,
            user_id=user_id,
            place=Place(slack_channel_id=f"C{dice.randrange(CHANNELS)}"),
            prompt=f"{dice.choice(PROMPTS)}, take {number}",
            model=dice.choice(models),
            length_s=dice.choice((4, 4, 8)),
        )
        if is_fleet:
            model, model_class = dice.choice(WISHED)
            wish = replace(wish, model=model, model_class=model_class)
        made.append(Plan(number=number, at_s=_moment_s(dice, days), user_id=user_id, wish=wish))
    return made


def _moment_s(dice: random.Random, days: float) -> float:
    """Mostly in working hours."""
    day = dice.uniform(0, days)
    if dice.random() < 0.85 and days >= 1:
        day = math.floor(day) + min(max(dice.gauss(13.5 / 24, 3 / 24), 0.0), 0.999)
    return day * DAY_S


def once_more_after_s(dial: Dial, subject: str) -> float:
    """Who gets no video opens the form with everything of it, once, and sends it as it is: so long after that."""
    return dial.dice("asks once more", subject).lognormvariate(6.0, 1.2)


class People:
    def __init__(self, *, town: Town, dial: Dial, judge: Judge, slack: SlackTown, services: list[Service]) -> None:
        self._town = town
        self._dial = dial
        self._judge = judge
        self._slack = slack
        self._services = {each.name: each for each in services}
        self.answers: dict[str, int] = {}
        """How many asks ended in which answer."""
        self._looked_at: dict[str, float] = {}
        """By attempt, after how many seconds the first admin looks."""
        self._asked_once_more: set[str] = set()

    async def order(self, plan: Plan) -> None:
        subject = str(plan.number)
        await asyncio.sleep(plan.at_s)
        luck = self._dial.dice("person", subject)
        again = luck.random() < 0.03
        if luck.random() < 0.08:  # a double click, or Slack's own second delivery of one envelope
            await asyncio.gather(self._ask(plan, f"k{subject}"), self._ask(plan, f"k{subject}"))
        else:
            await self._ask(plan, f"k{subject}")
        if again and not self._judge.is_fleet:
            await asyncio.sleep(luck.uniform(5, 200))
            await self._ask(plan, f"k{subject}-again", sure=luck.random() < 0.5)

    async def _ask(self, plan: Plan, key: str, *, sure: bool = True) -> None:
        answer = await self._told(lambda bot: self._asked(bot, plan.wish, key, sure=sure), subject=str(plan.number))
        name = type(answer).__name__
        self.answers[name] = self.answers.get(name, 0) + 1
        if not isinstance(answer, Accepted):
            self._judge.history.tell(str(plan.number), f"asked, and was answered {name}")

    async def _asked(self, bot: Process, wish: Wish, key: str, *, sure: bool) -> Answer:
        answer = await bot.jobs.ask(wish, order_key=key)
        if isinstance(answer, PriceToConfirm):
            answer = await bot.jobs.ask(wish, order_key=key, price_confirmed_usd_micros=answer.offer.usd_micros)
        if isinstance(answer, SameAgain) and sure:
            price = answer.offer.usd_micros
            answer = await bot.jobs.ask(wish, order_key=key, price_confirmed_usd_micros=price, again_confirmed=True)
        return answer

    async def _told(self, work: Callable[[Process], Coroutine[Any, Any, T]], *, subject: str) -> T | None:
        """Who gets no answer tries again, a few times."""
        for _ in range(TRIES):
            answer = await self._town.do(work, subject=subject)
            if answer is not None:
                return answer
            await asyncio.sleep(20)
        return None

    def began(self, job: Seen) -> None:
        """A job of theirs was accepted: what they will do about it."""
        luck = self._dial.dice("while it is made", job.subject)
        if self._dial.hits(Fault.MIND_CHANGED, job.subject):
            for after_s in (luck.lognormvariate(3.5, 1.3), luck.uniform(1, 600))[: luck.choice((1, 1, 2))]:
                self._later(after_s, lambda: self._cancel(job))
        if self._dial.hits(Fault.CARD_DELETED, job.subject):
            self._later(luck.uniform(5, 400), lambda: self._delete_card(job))

    def overdue(self, job: Seen) -> None:
        luck = self._dial.dice("when it is late", job.subject)
        after_s = luck.uniform(60, 3600)
        if luck.random() < 0.3:
            self._later(after_s, lambda: self._do(job, lambda bot: bot.jobs.elsewhere(TEAM, job.user_id, job.id)))
        elif luck.random() < 0.3 and not self._judge.is_fleet:
            self._later(after_s, lambda: self._cancel(job))

    def ended(self, job: Seen) -> None:
        luck = self._dial.dice("when it has ended", job.subject)
        kept = {Failure.NOT_FETCHED.value, Failure.UNDELIVERABLE.value}
        if job.failure in kept and luck.random() < 0.9:
            after_s = luck.uniform(30, 7200)
            self._later(after_s, lambda: self._do(job, lambda bot: bot.jobs.send_again(TEAM, job.user_id, job.id)))
        elif self._judge.is_fleet and job.state is not JobState.DELIVERED:
            if job.subject not in self._asked_once_more:
                self._asked_once_more.add(job.subject)
                self._later(once_more_after_s(self._dial, job.subject), lambda: self._once_more(job))
        elif luck.random() < 0.03:
            self._later(
                luck.uniform(5, 600), lambda: self._do(job, lambda bot: bot.jobs.remove(TEAM, job.user_id, job.id))
            )
        elif luck.random() < 0.02:
            after_s = luck.uniform(5, 600)
            self._later(after_s, lambda: self._do(job, lambda bot: bot.jobs.send_again(TEAM, job.user_id, job.id)))

    def questioned(self, job: Seen, question_id: str, usd_micros: int, can_wait: bool) -> None:
        """Most take what is offered, some wait; whoever is not there says nothing."""
        luck = self._dial.dice("when asked", job.subject)
        which, after_s = luck.random(), luck.lognormvariate(6.0, 1.2)
        if which < 0.05:
            return
        word = AnswerWord.WAIT if which < 0.3 and can_wait else AnswerWord.USE
        self._later(after_s, lambda: self._agree(job, question_id, usd_micros, word))

    async def _agree(self, job: Seen, question_id: str, usd_micros: int, word: AnswerWord) -> None:
        if word is AnswerWord.USE:
            job.price_shown_usd_micros = max(job.price_shown_usd_micros, usd_micros)
        self._judge.history.tell(job.subject, f"{job.user_id} answers {word}")
        await self._told(lambda bot: bot.questions.answer(TEAM, job.user_id, question_id, word), subject=job.subject)

    def reads(self, message: Message) -> None:
        """An admin is asked about a doubt, and perhaps another one too."""
        if message.channel not in {f"D{each[1:]}" for each in ADMINS} or not message.blocks:
            return
        attempt_id = _attempt_asked_about(message.blocks)
        if attempt_id is None:
            return
        job = self._judge.jobs[self._judge.job_of_attempt[attempt_id]]
        luck = self._dial.dice(f"admin {message.channel}", job.subject)
        if luck.random() < 0.9:
            looks_s = luck.lognormvariate(6.5, 1.0)
            first_s = self._looked_at.setdefault(attempt_id, looks_s)
            if luck.random() < 0.5:  # they talk about it, look together, and both click
                looks_s = first_s
            self._later(looks_s, lambda: self._admin(f"U{message.channel[1:]}", job, attempt_id, luck))

    async def _admin(self, admin: str, job: Seen, attempt_id: str, luck: random.Random) -> None:
        """Looks at the service's own page, and clicks a little later; now and then wrongly."""
        made = any(attempt_id in each.by_key for each in self._services.values())
        wrong = self._dial.hits(Fault.ADMIN_WRONG, job.subject)
        await asyncio.sleep(luck.choice((2.0, 30.0, 3600.0)))
        said = made is not wrong
        self._judge.history.tell(job.subject, f"{admin} says that try {attempt_id} was {'' if said else 'not '}made")
        if made and not said:
            self._judge.sworn_absent.add(attempt_id)
        await self._told(lambda bot: bot.doubts.answer(TEAM, admin, attempt_id, made=said), subject=job.subject)

    async def _once_more(self, job: Seen) -> None:
        """Edit on the card of what ended without a video, and Send."""

        async def edited(bot: Process) -> Answer | None:
            wish = await bot.jobs.wish_of(TEAM, job.user_id, job.id)
            return None if wish is None else await self._asked(bot, wish, f"k{job.subject}-edit", sure=True)

        self._judge.history.tell(job.subject, f"{job.user_id} asks once more")
        await self._told(edited, subject=job.subject)

    async def _cancel(self, job: Seen) -> None:
        await self._do(job, lambda bot: bot.jobs.cancel(TEAM, job.user_id, job.id))

    async def _delete_card(self, job: Seen) -> None:
        for each in self._judge.cards[job.id]:
            each.deleted = True
            self._judge.history.tell(job.subject, "somebody deletes the card")

    async def _do(self, job: Seen, work: Callable[[Process], Coroutine[Any, Any, object]]) -> None:
        await self._town.do(work, subject=job.subject)

    def _later(self, after_s: float, what: Callable[[], Awaitable[None]]) -> None:
        async def then() -> None:
            await asyncio.sleep(after_s)
            await what()

        self._town.begin(then())


def _attempt_asked_about(blocks: list[dict[str, Any]]) -> str | None:
    for block in blocks:
        for element in block.get("elements") or ():
            if element.get("action_id") == ActionId.WAS_NOT_MADE.value:
                return str(element["value"])
    return None
