"""From a wish to an answer in words. Whatever is not started is kept as a draft behind the answer's buttons."""

from dataclasses import replace
from typing import assert_never

from bot.catalogue.model import ModelClass
from bot.jobs.answers import Accepted, Answer, NotPossible, OverBudget, PriceToConfirm, QueueFull, SameAgain
from bot.jobs.ended import only_ended
from bot.jobs.service import JobService
from bot.jobs.wish import Wish
from bot.slack.drafts import Draft, DraftBook
from bot.slack.message import Message
from bot.slack.options import Options
from bot.slack.payloads import Caller
from bot.slack.replies import Replies
from bot.slack.views import answers

CLASS_WORDS = {"auto": None, "fast": ModelClass.FAST, "best": ModelClass.PRO, "pro": ModelClass.PRO}
"""Names of Auto that people type after `--model`."""


class Asking:
    def __init__(self, *, jobs: JobService, drafts: DraftBook, replies: Replies) -> None:
        self.jobs = jobs
        self.drafts = drafts
        self.replies = replies

    async def ask(
        self,
        caller: Caller,
        wish: Wish,
        *,
        order_key: str,
        usd_micros_shown: int | None = None,
        again: bool = False,
    ) -> Message:
        """One use case. `order_key` makes it one job however often the same click comes."""
        answer = await self.answer(caller, wish, order_key=order_key, usd_micros_shown=usd_micros_shown, again=again)
        return await self._in_words(answer, wish, again=again)

    async def answer(
        self, caller: Caller, wish: Wish, *, order_key: str, usd_micros_shown: int | None, again: bool
    ) -> Answer:
        """The same, as a value. The way back is remembered first: the job may find at once that it cannot post."""
        self.replies.remember(caller, wish.place.slack_channel_id)
        return await self.jobs.ask(
            wish, order_key=order_key, price_confirmed_usd_micros=usd_micros_shown, again_confirmed=again
        )

    async def draft(
        self, wish: Wish, *, usd_micros_shown: int | None = None, again: bool = False, rights_confirmed: bool = True
    ) -> str:
        return await self.drafts.put(
            Draft(wish=wish, usd_micros_shown=usd_micros_shown, again=again, rights_confirmed=rights_confirmed)
        )

    async def _in_words(self, answer: Answer, wish: Wish, *, again: bool) -> Message:
        match answer:
            case Accepted():
                return answers.accepted(answer)
            case PriceToConfirm(offer=offer):
                draft_id = await self.draft(wish, usd_micros_shown=offer.usd_micros, again=again)
                return answers.price_to_confirm(answer, draft_id)
            case SameAgain(offer=offer):
                draft_id = await self.draft(wish, usd_micros_shown=offer.usd_micros, again=True)
                return answers.same_again(answer, draft_id)
            case NotPossible(offer=offer):
                instead_id = None
                if only_ended(offer):
                    instead = replace(offer.wish, model=None, model_class=offer.model_class)
                    instead_id = await self.draft(instead, usd_micros_shown=offer.usd_micros, again=again)
                return answers.not_possible(offer, await self.draft(wish), instead_id)
            case OverBudget(cheaper=cheaper):
                cheaper_id = None
                if cheaper is not None:
                    cheaper_id = await self.draft(cheaper.wish, usd_micros_shown=cheaper.usd_micros, again=again)
                return answers.over_budget(answer, await self.draft(wish), cheaper_id)
            case QueueFull():
                return answers.queue_full(answer, wish.prompt, await self.draft(wish))
            case _:
                assert_never(answer)


def wish_from(caller: Caller, prompt: str, options: Options) -> Wish:
    """What was typed, as a wish for where it was typed."""
    named = (options.model or "auto").lower()
    return Wish(
        team_id=caller.team_id,
        user_id=caller.user_id,
        place=caller.place,
        prompt=prompt,
        model=None if named in CLASS_WORDS else options.model,
        model_class=CLASS_WORDS.get(named),
        length_s=options.length_s,
        shape=options.shape,
        resolution=options.resolution,
        audio=options.audio,
        seed=options.seed,
    )


def sent_directly(wish: Wish) -> Wish:
    """The same, for a direct message to its person."""
    return replace(wish, place=replace(wish.place, slack_channel_id=wish.user_id, thread_ts=None))
