"""The form's life: opened with a loading view, filled, redrawn, and sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, assert_never

from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.answers import Accepted, Answer, NotPossible, OverBudget, PriceToConfirm, QueueFull, SameAgain
from bot.jobs.wish import Offer, Wish
from bot.media.pictures import PictureRefused
from bot.slack.asking import Asking
from bot.slack.desk import Desk, FormAnswer
from bot.slack.errors import words_for
from bot.slack.field_errors import GIVEN_UP_FOR, errors_at
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

LOOK_FIRST = "This is the first frame, as it will be sent. Press the button again to make the video."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a form opens with."""

    wish: Wish
    notice: str = ""
    rights_confirmed: bool = True
    """False: its picture may be somebody else's, and the form asks."""


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
        opening: Callable[[], Awaitable[Opening | None]],
    ) -> None:
        """Spend the trigger on a loading view, then find out what belongs in it."""
        view_id = await open_modal(client, caller.trigger_id, loading_view())
        try:
            found = await opening()
            if found is None:
                await self._tell(client, caller, view_id, answers.draft_gone().text)
                return
            if view_id is None:
                draft_id = await self._asking.draft(found.wish, rights_confirmed=found.rights_confirmed)
                await self._desk.replies.say(caller, answers.slack_was_slow(draft_id))
                return
            view = await self._drawn(
                found.wish,
                notice=found.notice,
                rights_confirmed=found.rights_confirmed,
                has_place=bool(caller.slack_channel_id),
            )
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
        view = await self._drawn(
            wish,
            notice=notice,
            more=more or form.key.more,
            again=form.key.again,
            rights_confirmed=_has_rights(form),
            draft_id=draft_id,
        )
        await update_modal(client, form.view_id, view, view_hash=form.view_hash)

    async def send(self, client: AsyncWebClient, form: Form) -> FormAnswer:
        """Turn a form into a job, or into itself with what is wrong at the field."""
        wish = over(form, await self._kept(form))
        if form.seed_is_wrong:
            return self._at(form, ActionId.FORM_SEED, "A seed is a whole number of up to ten digits, or nothing.")
        if (form.file is not None and not form.rights_confirmed) or (wish.picture_id and not _has_rights(form)):
            return self._at(form, ActionId.FORM_RIGHTS, "Please confirm that you may use this picture.")
        if form.file is not None:
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
                return FormAnswer(errors=errors_at(offer.complaints, form))
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
        view = await self._drawn(
            offer.wish, notice=notice, more=form.key.more, again=again, rights_confirmed=_has_rights(form)
        )
        return FormAnswer(said=notice or "Please look at the form once more. Nothing was charged.", view=view)

    async def _drawn(
        self,
        wish: Wish,
        *,
        notice: str = "",
        more: bool = False,
        again: bool = False,
        rights_confirmed: bool = True,
        draft_id: str = "",
        has_place: bool = True,
    ) -> dict[str, Any]:
        offer = await self._asking.jobs.offer(wish)
        given_up = tuple(each for each in offer.complaints if each.problem in GIVEN_UP_FOR)
        if given_up:
            default: dict[str, Any] = {GIVEN_UP_FOR[each.problem]: None for each in given_up}
            wish = replace(wish, **default)
            offer = await self._asking.jobs.offer(wish)
            notice = " ".join([notice, *(complaint_words(each) for each in given_up)]).strip()
        offer = replace(offer, wish=wish)
        return video_form(
            FormValue(
                draft_id=draft_id or await self._asking.draft(wish, rights_confirmed=rights_confirmed),
                offer=offer,
                frame=await self._frames.shown(offer),
                choices=await self._asking.jobs.choices(),
                more=more,
                again=again,
                rights_confirmed=rights_confirmed,
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


def _has_rights(form: Form) -> bool:
    """Somebody has said so: in this form, or when the picture that came with it was first used."""
    return form.rights_confirmed or form.key.rights_confirmed


def _cost(offer: Offer) -> str:
    return price(offer.usd_micros, free=offer.free, is_ceiling=offer.usd_micros_is_ceiling)
