"""The form's life: opened with a loading view, filled, redrawn, and sent."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, assert_never

from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.answers import (
    Accepted,
    Answer,
    Complaint,
    NotPossible,
    Offer,
    OverBudget,
    PriceToConfirm,
    Problem,
    QueueFull,
    SameAgain,
    Wish,
)
from bot.media.pictures import PictureRefused
from bot.slack.asking import Asking
from bot.slack.desk import Desk, FormAnswer
from bot.slack.errors import words_for
from bot.slack.frames import FirstFrames, frame_name
from bot.slack.ids import ActionId
from bot.slack.modals import open_modal, update_modal
from bot.slack.payloads import Caller, Form, over
from bot.slack.people_pictures import PeoplePictures
from bot.slack.views import answers
from bot.slack.views.answer_words import complaint_words, left_words, limit_words
from bot.slack.views.form import done_view, loading_view, video_form
from bot.slack.views.form_fields import FormValue
from bot.slack.views.words import price

FIELD_OF = {
    Problem.PROMPT_EMPTY: ActionId.FORM_PROMPT,
    Problem.PROMPT_TOO_LONG: ActionId.FORM_PROMPT,
    Problem.MODEL_UNKNOWN: ActionId.FORM_MODEL,
    Problem.MODEL_RETIRED: ActionId.FORM_MODEL,
    Problem.LENGTH: ActionId.FORM_LENGTH,
    Problem.SHAPE: ActionId.FORM_SHAPE,
    Problem.RESOLUTION: ActionId.FORM_RESOLUTION,
    Problem.AUDIO: ActionId.FORM_AUDIO,
    Problem.SEED: ActionId.FORM_SEED,
    Problem.PICTURE: ActionId.FORM_PICTURE,
    Problem.NO_SERVICE: ActionId.FORM_MODEL,
}
LOOK_FIRST = "This is the first frame, as it will be sent. Press the button again to make the video."
_SELECTED = {
    Problem.MODEL_UNKNOWN: "model",
    Problem.MODEL_RETIRED: "model",
    Problem.LENGTH: "length_s",
    Problem.SHAPE: "shape",
    Problem.RESOLUTION: "resolution",
    Problem.AUDIO: "audio",
    Problem.SEED: "seed",
}
"""Values a select or a field can be given up for; a prompt or a picture never is."""


class Forms:
    def __init__(
        self, *, asking: Asking, desk: Desk, pictures: PeoplePictures, frames: FirstFrames, takes_pictures: bool
    ) -> None:
        self._asking = asking
        self._desk = desk
        self._pictures = pictures
        self._frames = frames
        self._takes_pictures = takes_pictures

    async def open(
        self,
        client: AsyncWebClient,
        caller: Caller,
        wishes: Callable[[], Awaitable[tuple[Wish, str] | None]],
    ) -> None:
        """Spend the trigger on a loading view, then find out what belongs in it. `wishes` gives wish and notice."""
        view_id = await open_modal(client, caller.trigger_id, loading_view())
        try:
            found = await wishes()
            if found is None:
                await self._tell(client, caller, view_id, answers.draft_gone().text)
                return
            wish, notice = found
            if view_id is None:
                await self._desk.replies.say(caller, answers.slack_was_slow(await self._asking.draft(wish)))
                return
            view = await self._drawn(wish, notice=notice, has_place=bool(caller.slack_channel_id))
            await update_modal(client, view_id, view)
        except Exception as error:
            if view_id is None:
                raise
            await update_modal(client, view_id, done_view(self._desk.errors.described(error)))

    async def redraw(self, client: AsyncWebClient, form: Form, *, more: bool) -> None:
        """A select changed. What the new model cannot do falls back to what it can, and the form says so."""
        wish, draft_id, notice = over(form, await self._kept(form)), form.key.draft_id, ""
        if form.file is not None and form.rights_confirmed:
            try:
                wish, draft_id = await self._with_picture(client, form, wish), ""
            except PictureRefused as refused:
                notice = words_for(refused)
        more = more or form.key.more
        view = await self._drawn(wish, notice=notice, more=more, again=form.key.again, draft_id=draft_id)
        await update_modal(client, form.view_id, view, view_hash=form.view_hash)

    async def send(self, client: AsyncWebClient, form: Form) -> FormAnswer:
        """Turn a form into a job, or into itself with what is wrong at the field."""
        wish = over(form, await self._kept(form))
        if form.seed_is_wrong:
            return self._at(form, ActionId.FORM_SEED, "A seed is a whole number of up to ten digits, or nothing.")
        if form.file is not None:
            if not form.rights_confirmed:
                return self._at(form, ActionId.FORM_RIGHTS, "Please confirm that you may use this picture.")
            try:
                wish = await self._with_picture(client, form, wish)
            except PictureRefused as refused:
                return self._at(form, ActionId.FORM_PICTURE, words_for(refused))
        offer = await self._asking.jobs.offer(wish)
        if not offer.complaints and frame_name(offer) not in {"", form.key.frame}:
            frame = await self._frames.shown(offer)
            return await self._again(form, offer, LOOK_FIRST if frame is not None and frame.file_id else "")
        answer = await self._asking.answer(
            form.caller,
            wish,
            order_key=f"form:{form.key.draft_id}",
            usd_micros_shown=form.key.usd_micros_shown,
            again=form.key.again,
        )
        return await self._answered(answer, form, wish)

    async def _with_picture(self, client: AsyncWebClient, form: Form, wish: Wish) -> Wish:
        """Raises PictureRefused, with words for the person."""
        content = await self._pictures.fetch(client, form.file or {})
        return replace(wish, picture_id=await self._asking.jobs.keep_picture(content))

    async def _answered(self, answer: Answer, form: Form, wish: Wish) -> FormAnswer:
        match answer:
            case Accepted():
                return FormAnswer(said=answers.accepted(answer).text)
            case NotPossible(offer=offer):
                return FormAnswer(errors=_errors(offer.complaints, form))
            case PriceToConfirm(offer=offer):
                notice = f"The price is {_cost(offer)} now. Nothing was charged; press the button if that is fine."
                return await self._again(form, offer, notice)
            case SameAgain(offer=offer):
                number = answer.earlier.number
                notice = f"You asked for exactly this a moment ago: video #{number}. Press the button to make one more."
                return await self._again(form, offer, notice, again=True)
            case OverBudget(offer=offer):
                notice = f"This would pass {limit_words(answer.standing)}. {left_words([answer.standing])}"
                if answer.cheaper is not None:
                    notice += f" {answer.cheaper.length_s} s at {answer.cheaper.resolution} is {_cost(answer.cheaper)}."
                return await self._again(form, offer, notice)
            case QueueFull():
                notice = answers.queue_full(answer, wish.prompt, "").text
                return await self._again(form, await self._asking.jobs.offer(wish), notice)
            case _:
                assert_never(answer)

    async def _again(self, form: Form, offer: Offer, notice: str, *, again: bool = False) -> FormAnswer:
        """The same form with a notice. A new draft: what came with it, such as a picture, is kept there."""
        again = again or form.key.again
        view = await self._drawn(offer.wish, notice=notice, more=form.key.more, again=again)
        return FormAnswer(said=notice or "Please look at the form once more. Nothing was charged.", view=view)

    async def _drawn(
        self,
        wish: Wish,
        *,
        notice: str = "",
        more: bool = False,
        again: bool = False,
        draft_id: str = "",
        has_place: bool = True,
    ) -> dict[str, Any]:
        offer = await self._asking.jobs.offer(wish)
        given_up = tuple(each for each in offer.complaints if each.problem in _SELECTED)
        if given_up:
            default: dict[str, Any] = {_SELECTED[each.problem]: None for each in given_up}
            wish = replace(wish, **default)
            offer = await self._asking.jobs.offer(wish)
            notice = " ".join([notice, *(complaint_words(each) for each in given_up)]).strip()
        offer = replace(offer, wish=wish)
        return video_form(
            FormValue(
                draft_id=draft_id or await self._asking.draft(wish),
                offer=offer,
                frame=await self._frames.shown(offer),
                choices=await self._asking.jobs.choices(),
                more=more,
                again=again,
                notice=notice,
                has_place=has_place,
                takes_pictures=self._takes_pictures,
            )
        )

    async def _kept(self, form: Form) -> Wish:
        """What the form grew from; past its time the form alone still says enough."""
        draft = await self._asking.drafts.get(form.caller.team_id, form.caller.user_id, form.key.draft_id)
        return draft.wish if draft is not None else form.wish

    async def _tell(self, client: AsyncWebClient, caller: Caller, view_id: str | None, words: str) -> None:
        if view_id is None:
            await self._desk.replies.say(caller, answers.told(words))
        else:
            await update_modal(client, view_id, done_view(words))

    def _at(self, form: Form, field: ActionId, words: str) -> FormAnswer:
        return FormAnswer(errors={form.blocks.get(field) or form.prompt_block: words})


def _errors(complaints: tuple[Complaint, ...], form: Form) -> dict[str, str]:
    """At the field where there is one, else at the prompt; several at one field are joined."""
    errors: dict[str, str] = {}
    for each in complaints:
        block = form.blocks.get(FIELD_OF[each.problem]) or form.prompt_block
        errors[block] = f"{errors.get(block, '')} {complaint_words(each)}".strip()
    return errors


def _cost(offer: Offer) -> str:
    return price(offer.usd_micros, free=offer.free, is_ceiling=offer.usd_micros_is_ceiling)
