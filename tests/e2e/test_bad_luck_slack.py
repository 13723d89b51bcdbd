"""Slack busy, broken, closed or confused; old buttons, foreign hands, a locked database: nothing lost or twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from town import Town, a_town, on_file

from bot.demo.slack import Drop, Message, Page, RateLimited, Refuse
from bot.demo.slack.faults import Fault
from bot.demo.videos.faults import StickRender
from bot.slack.ids import DRAFT_BUTTONS, JOB_BUTTONS, ActionId

ADA, BEN = "U0ADA00001", "U0BEN00002"
UNTOUCHED, ONE_PAID = "$5.00 left of $5.00 ($0.00 used)", "$4.60 left of $5.00 ($0.40 used)"
BRISK = 8.0
"""Pauses, polls and retries of these towns take an eighth of their time."""
METHODS = (
    "chat.postMessage",
    "chat.update",
    "files.getUploadURLExternal",
    "upload",
    "files.completeUploadExternal",
    "files.info",
)


async def test_slack_too_busy_at_every_step_is_waited_for_and_nothing_comes_twice(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        for method in METHODS:
            town.slack.faults.add(method, RateLimited(retry_after_s=1))
        await town.sora("a corgi surfing")
        await _done(town)
        assert town.slack.faults.pending == []
        await _one_card_one_film_one_payment(town)


async def test_slack_broken_where_it_may_be_asked_again_is_asked_again(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.slack.faults.add("chat.update", Page(status=500))
        town.slack.faults.add("files.getUploadURLExternal", Refuse("internal_error"))
        town.slack.faults.add("upload", Drop(processed=False))
        town.slack.faults.add("files.info", Page(status=503))
        await town.sora("a corgi surfing")
        await _done(town)
        assert town.slack.faults.pending == []
        await _one_card_one_film_one_payment(town)


@pytest.mark.parametrize(
    "fault",
    [Drop(processed=True), Page(status=500, processed=True)],
    ids=["cut", "page"],
)
async def test_a_card_whose_posting_was_never_answered_is_not_posted_twice_and_the_video_comes(
    tmp_path: Path, fault: Fault
) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.slack.faults.add("chat.postMessage", fault)
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        (card,) = town.cards()
        assert ActionId.CANCEL.value in str(card.blocks)  # as it was first drawn: nobody knows where it is
        await town.slack.click("ada", card, ActionId.CANCEL.value)
        await town.until(lambda: any("finished already" in each.text for each in town.private()))
        await town.until(lambda: "Done" in card.text)  # the click told where it is
        await _one_card_one_film_one_payment(town)


async def test_an_upload_completed_without_an_answer_is_one_file(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.slack.faults.add("files.completeUploadExternal", Drop(processed=True))
        await town.sora("a corgi surfing")
        await _done(town)
        await _one_card_one_film_one_payment(town)


CLOSED = {
    "not_in_channel": ("marketing", None, ("I'm not in <#C0MARKET02> yet", "/invite")),
    "channel_not_found": ("secret", None, ("I'm not in", "/invite")),
    "is_archived": ("attic", None, ("cannot post in <#C0ATTIC005>: it is closed",)),
    "restricted_action": ("videos", "restricted_action", ("does not let me post", "admin can change")),
}


@pytest.mark.parametrize("case", list(CLOSED))
async def test_where_slack_does_not_let_us_post_nothing_starts_and_the_video_can_go_to_its_person(
    tmp_path: Path, case: str
) -> None:
    channel, refuses, words = CLOSED[case]
    async with a_town(tmp_path, pace=BRISK) as town:
        town.slack.workspace.channel(channel).refuses = refuses
        await town.sora("a lighthouse in the fog", channel=channel)
        await town.until(lambda: any("Nothing was charged" in each.text for each in town.private(channel)))
        said = town.private(channel)[-1]
        assert "your prompt is kept" in said.text
        assert [each for each in words if each not in f"{said.text} {said.blocks}"] == []
        assert (town.videos.accepted, UNTOUCHED in await town.quota()) == ([], True)
        if case not in {"channel_not_found", "is_archived"}:
            return
        await town.slack.click("ada", said, ActionId.SEND_TO_ME.value)
        ours = town.slack.app.name
        await town.until(lambda: len(town.films(ours)) == 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def test_a_private_channel_becomes_right_after_the_invitation(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        await town.sora("a lighthouse in the fog", channel="secret")
        await town.until(lambda: any("Nothing was charged" in each.text for each in town.private("secret")))
        town.slack.workspace.channel("secret").members.add(town.slack.bot_user_id)
        await town.slack.click("ada", town.private("secret")[-1], ActionId.TRY_AGAIN.value)
        await town.until(lambda: len(town.films("secret")) == 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, True)


@pytest.mark.parametrize("how", ["archived", "removed"])
async def test_a_place_that_closes_while_the_video_is_made_gets_it_delivered_directly(tmp_path: Path, how: str) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        job = await _held(town)
        place = town.slack.workspace.channel("videos")
        if how == "archived":
            place.is_archived = True
        else:
            place.members.discard(town.slack.bot_user_id)
        job.may_finish.set()
        direct = town.slack.app.name
        await town.until(lambda: len(town.films(direct)) == 1)
        told = " ".join(each.text for each in town.posts(direct))
        assert "where you asked" in told
        assert (town.films(), len(town.videos.accepted), ONE_PAID in await _quota_from(town, direct)) == ([], 1, True)


async def test_a_card_that_somebody_deleted_is_replaced_once_and_the_video_still_comes(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        job = await _held(town)
        (card,) = town.cards()
        await town.slack.delete_message(card)
        job.may_finish.set()
        await town.until(lambda: len(town.films()) == 1)
        await town.until(lambda: any("Done" in each.text for each in town.cards()))
        await _one_card_one_film_one_payment(town, in_its_thread=False)


async def test_a_revoked_token_loses_no_video_and_send_again_brings_it_when_there_is_a_new_one(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        job = await _held(town)
        town.slack.app.is_revoked = True
        job.may_finish.set()
        await town.until(lambda: town.slack.calls.of("files.getUploadURLExternal"))
        assert town.films() == []
        town.slack.app.is_revoked = False
        await town.until(lambda: len(town.videos.accepted) == 1)
        shown = await town.shown("is ready")
        assert "$0.40 was paid" in shown.text
        await town.slack.click("ada", shown, ActionId.SEND_AGAIN.value)
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def test_a_trigger_that_expired_says_so_and_keeps_what_was_typed(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.slack.faults.add("views.open", Refuse("expired_trigger_id"))
        await town.sora("corgi")
        await town.until(lambda: bool(town.private()))
        said = town.private()[-1]
        for words in ("too slow to open the form", "Nothing was charged", "everything you typed is kept"):
            assert words in said.text
        await town.slack.click("ada", said, ActionId.OPEN_FORM.value)
        assert "corgi" in str((await town.form()).values)
        assert (town.videos.accepted, UNTOUCHED in await town.quota()) == ([], True)


async def test_clicks_and_forms_that_come_twice_are_one_video(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        asked = await town.sora("two foxes in the snow --12s")
        town.slack.sockets.repeat_next = 1
        await town.slack.click("ada", asked.said, ActionId.CONFIRM_PRICE.value)
        await town.until(lambda: len(town.films()) == 1)
        await town.sora("corgi")
        form = await town.form()
        town.slack.sockets.repeat_next = 1
        await town.slack.submit("ada", form)
        await town.until(lambda: len(town.films()) == 2)
        assert (len(town.videos.accepted), len(town.cards()), town.ledger_is_exact()) == (2, 2, True)


async def test_while_one_line_is_refused_its_ticket_the_other_one_hears(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.slack.sockets.connected(2)
        town.slack.sockets.refuse_next = 1
        await town.slack.sockets.disconnect("refresh_requested", count=1)
        await town.until(lambda: len(town.slack.calls.of("apps.connections.open")) >= 3)
        assert (await town.sora("a corgi surfing")).acked
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.videos.accepted), town.slack.sockets.refused) == (1, 1)


async def test_a_button_of_a_year_ago_is_answered_and_costs_nothing(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        actions = (*JOB_BUTTONS, *DRAFT_BUTTONS)
        old = await _buttons(town, dict.fromkeys(actions, "of-a-year-ago"))
        for action in actions:
            before = len(town.private())
            answered = await town.slack.click("ada", old, action.value)
            assert answered.acked
            if action in {ActionId.EDIT, ActionId.OPEN_FORM}:  # these answer in the window that they open
                await town.until(lambda: "Nothing was charged" in str(_top(town)))
                await town.slack.close_view("ada", all=True)
                continue
            await town.until(lambda: len(town.private()) > before)  # noqa: B023 - awaited here and now
            assert "Nothing was charged" in town.private()[-1].text, action
        assert (town.videos.accepted, UNTOUCHED in await town.quota()) == ([], True)


async def test_somebody_elses_click_moves_neither_their_video_nor_their_money(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        job = await _held(town)
        (card,) = town.cards()
        job_id = next(each["value"] for each in _elements(card) if each["action_id"] == ActionId.CANCEL.value)
        asked = await town.sora("two foxes in the snow --12s")
        draft_id = next(each["value"] for each in _elements(asked.said) if "value" in each)
        copied = await _buttons(
            town,
            {
                ActionId.CANCEL: job_id,
                ActionId.REMOVE: job_id,
                ActionId.DELETE: job_id,
                ActionId.SEND_AGAIN: job_id,
                ActionId.KEEP_WAITING: job_id,
                ActionId.ELSEWHERE: job_id,
                ActionId.SEND_TO_ME: job_id,
                ActionId.CONFIRM_PRICE: draft_id,
                ActionId.CONFIRM_AGAIN: draft_id,
            },
        )
        for action in [each["action_id"] for each in _elements(copied)]:
            before = len(town.private(user="ben"))
            await town.slack.click("ben", copied, action)
            await town.until(lambda: len(town.private(user="ben")) > before)  # noqa: B023 - awaited here and now
            said = town.private(user="ben")[-1].text
            assert any(each in said for each in ("Only the person", "only for the person", "somebody else")), said
        assert (len(town.videos.accepted), UNTOUCHED in await town.quota("ben")) == (1, True)
        job.may_finish.set()
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.cards()), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


@pytest.mark.own_database
async def test_a_locked_database_is_waited_for_the_ack_is_in_time_and_nothing_is_lost(tmp_path: Path) -> None:
    async with a_town(tmp_path, **on_file(tmp_path)) as town:
        with _locked(tmp_path / "sora.sqlite"):
            answered = await town.sora("a corgi surfing")
            assert (answered.acked, answered.latency_s < 3) == (True, True)
            assert "Still working on it" in answered.said.text
            assert "no need to send it again" in answered.said.text
            assert town.videos.accepted == []
        await town.until(lambda: any("on its way" in each.text for each in town.private()))
        await town.until(lambda: len(town.films()) == 1)
        await _one_card_one_film_one_payment(town)


@pytest.mark.own_database
async def test_a_database_locked_for_too_long_says_that_nothing_was_charged_and_the_next_try_works(
    tmp_path: Path,
) -> None:
    async with a_town(tmp_path, **on_file(tmp_path)) as town:
        with _locked(tmp_path / "sora.sqlite"):
            await town.sora("a corgi surfing")
            await town.until(lambda: any("Reference" in each.text for each in town.private()))
        said = next(each.text for each in town.private() if "Reference" in each.text)
        for words in ("went wrong on our side", "nothing was charged", "try again"):
            assert words in said
        assert (town.videos.accepted, UNTOUCHED in await town.quota()) == ([], True)
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        await _one_card_one_film_one_payment(town)


async def _one_card_one_film_one_payment(town: Town, *, in_its_thread: bool = True) -> None:
    (card,), (film,) = town.cards(), town.films()
    assert (film.thread_ts == card.ts) is in_its_thread or not card.thread_ts
    assert film.pings == [f"@{ADA}"]
    assert (len(town.videos.accepted), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def _done(town: Town) -> None:
    await town.until(lambda: len(town.films()) == 1 and any("Done" in each.text for each in town.cards()), within_s=30)


async def _held(town: Town) -> object:
    """A video under way that is not done before its test says so."""
    town.videos.faults.add("create", StickRender())
    await town.sora("a corgi surfing")
    await town.until(lambda: bool(town.cards()))
    await town.shown("Making your video")
    return town.videos.accepted[0]


async def _quota_from(town: Town, channel: str) -> str:
    return str((await town.sora("quota", channel=channel)).said.text)


async def _buttons(town: Town, values: dict[ActionId, str]) -> Message:
    """A message of ours with these buttons, as an old one or a copied one would be."""
    client = AsyncWebClient(token=town.slack.bot_token, base_url=town.slack.api_url)
    buttons = [
        {"type": "button", "action_id": action.value, "value": value, "text": {"type": "plain_text", "text": action}}
        for action, value in values.items()
    ]
    rows = [{"type": "actions", "elements": buttons[at : at + 5]} for at in range(0, len(buttons), 5)]
    answer = await client.chat_postMessage(channel="C0VIDEOS01", text="Some old message.", blocks=rows)
    return next(each for each in town.posts() if each.ts == answer["ts"])


def _elements(message: Message) -> list[dict[str, str]]:
    return [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]


def _top(town: Town) -> object:
    view = town.slack.top_view("ada")
    return view.told if view is not None else ""


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Somebody else writes, and does not end."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()
