"""Every button and shortcut: who may press it, what happens, and that something always does."""

from dataclasses import replace

import drawn_views
import pytest
from slack_double import PNG, running_desk
from slack_values import job, order, record
from virtual_clock import START

from bot.catalogue.model import Shape
from bot.jobs.balances import Account, Balance
from bot.jobs.model import JobState, Place
from bot.slack.admin_ports import AdminChoices
from bot.slack.ids import DRAFT_BUTTONS, JOB_BUTTONS, ActionId, CallbackId

RIGHTS = {ActionId.FORM_RIGHTS: [{"value": "yes"}]}


def put(jobs, **changes):
    made = job(**changes)
    jobs.records[made.id] = record(made)
    return made


@pytest.mark.parametrize("action", [each for each in JOB_BUTTONS if each is not ActionId.EDIT])
async def test_a_click_on_an_unknown_video_gets_a_kind_sentence(desk, action):
    status, _ = await desk.click(action, "a-year-old-id")
    assert status == 200
    assert len(desk.slack.responses) == 1
    assert desk.slack.responses[0]["text"].endswith(".")


async def test_edit_of_an_unknown_video_says_so_in_the_form(desk):
    await desk.click(ActionId.EDIT, "a-year-old-id")
    assert "too old" in desk.form()["blocks"][0]["text"]["text"]


@pytest.mark.parametrize("action", DRAFT_BUTTONS)
async def test_a_click_on_a_draft_of_somebody_else_or_of_long_ago_is_explained(desk, jobs, action):
    await desk.command("corgi")
    await desk.click(action, "d1", user="U2")
    assert "too old" in str(desk.slack.responses) + str(desk.form())
    assert jobs.asked == []


async def test_cancel_is_for_its_person(desk, jobs):
    put(jobs)
    await desk.click(ActionId.CANCEL, "job1", user="U2")
    await desk.click(ActionId.CANCEL, "job1")
    await desk.click(ActionId.CANCEL, "job1")
    texts = [each["text"] for each in desk.slack.responses]
    assert texts[0] == "Only the person who asked for video #142 can cancel it."
    assert texts[1] == "Video #142 is cancelled. Nothing was charged."
    assert "finished already" in texts[2]
    assert all(each["response_type"] == "ephemeral" and not each["replace_original"] for each in desk.slack.responses)


async def test_delete_is_for_its_person_and_only_when_it_has_ended(desk, jobs):
    put(jobs, state=JobState.DELIVERED)
    put(jobs, id="job2", number=143)
    await desk.click(ActionId.DELETE, "job1", user="U2")
    await desk.click(ActionId.DELETE, "job1")
    await desk.click(ActionId.REMOVE, "job2")
    texts = [each["text"] for each in desk.slack.responses]
    assert [each.split()[0] for each in texts] == ["Only", "Done:", "Video"]


async def test_again_is_for_everybody_as_their_own(desk, jobs):
    put(jobs, state=JobState.DELIVERED, order=order(prompt="another prompt"))
    jobs.records["other"] = jobs.records.pop("job1")
    await desk.click(ActionId.AGAIN, "other", user="U2")
    wish, order_key, _, again = jobs.asked[0]
    assert (wish.user_id, wish.prompt, wish.length_s, wish.parent_job_id) == ("U2", "another prompt", 8, "other")
    assert (order_key, again) == ("t2", False)


async def test_edit_opens_the_form_with_everything(desk, jobs):
    put(jobs, state=JobState.FAILED, order=order(picture_id="p1", shape=Shape.VERTICAL))
    await desk.click(ActionId.EDIT, "job1")
    form = desk.form()
    assert form["blocks"][0]["element"]["initial_value"] == "a corgi surfing at sunset"
    assert "kept" in str(form)
    await desk.send(desk.submission(form))
    wish = jobs.asked[0][0]
    assert (wish.picture_id, wish.model, wish.length_s, wish.parent_job_id) == ("p1", "seedance-fast", 8, "job1")


async def test_a_kept_picture_can_be_left_out(desk, jobs):
    put(jobs, state=JobState.FAILED, order=order(picture_id="p1"))
    await desk.click(ActionId.EDIT, "job1")
    await desk.send(desk.submission(desk.form(), **{ActionId.FORM_PICTURE_FIT: "none"}))
    assert jobs.asked[0][0].picture_id is None


async def test_send_again_keep_waiting_and_elsewhere_answer(desk, jobs):
    put(jobs)
    for action in (ActionId.SEND_AGAIN, ActionId.KEEP_WAITING, ActionId.ELSEWHERE):
        await desk.click(action, "job1")
        await desk.click(action, "job1", user="U2")
    texts = [each["text"] for each in desk.slack.responses]
    assert len(texts) == 6
    assert all("not possible any more" in each for each in texts[1::2])


async def test_a_click_tells_where_its_card_is_unless_only_one_person_sees_it(desk, jobs):
    put(jobs)
    await desk.click(ActionId.CANCEL, "job1", ephemeral=True)
    await desk.click(ActionId.CANCEL, "job1", ephemeral=False)
    assert desk.seen == [("job1", "C1", "9.9")]


async def test_show_brings_the_video_to_its_person(desk, jobs):
    put(jobs)
    await desk.click(ActionId.SHOW_VIDEO, "job1")
    assert "#142" in desk.slack.responses[0]["text"]


async def test_status_details_replace_the_first_line(desk):
    await desk.click(ActionId.STATUS_DETAILS, "details")
    assert desk.slack.responses[0]["replace_original"] is True
    assert "fal" in str(desk.slack.responses[0]["blocks"])


@pytest.mark.parametrize(("user", "reads_it"), [("UADMIN", True), ("U1", False)])
async def test_what_is_left_at_a_service_is_read_by_admins_alone(desk, user, reads_it):
    desk.admins.kept = AdminChoices(admins=("UADMIN",))
    left = Balance(upstream="fal", usd_micros=3_100_000, read_at=START)
    desk.accounts = [
        Account(upstream="fal", left=left, videos=7, warns_below_videos=5, warns_below_usd_micros=2_000_000)
    ]
    await desk.click(ActionId.STATUS_DETAILS, "details", user=user)
    drawn = str(desk.slack.responses[0]["blocks"])
    assert ("$3.10 left, enough for about 7 videos, as of <!date^" in drawn) is reads_it
    assert ("A notice comes below $2.00 (5 videos)." in drawn) is reads_it
    _, first = await desk.command("status", user_id=user)
    assert "$3.10" not in str(first)


async def test_where_we_cannot_post_the_requester_alone_is_told(desk, jobs):
    await desk.command("a corgi surfing")
    found = jobs.records["job1"]
    assert await desk.replies.tell_privately(found, "not_in_channel")
    told = desk.slack.responses[0]
    assert told["text"] == "I'm not in <#C1> yet. Nothing was charged; your prompt is kept."
    assert told["response_type"] == "ephemeral"
    assert [each["action_id"] for each in told["blocks"][-1]["elements"]] == [
        ActionId.JOIN_AND_START,
        ActionId.SEND_TO_ME,
        ActionId.TRY_AGAIN,
    ]
    assert not await desk.replies.tell_privately(found, "not_in_channel")


async def test_a_way_back_older_than_slack_allows_is_not_tried(desk, jobs):
    await desk.command("a corgi surfing")
    await desk.clock.advance(30 * 60)
    assert not await desk.replies.tell_privately(jobs.records["job1"], "not_in_channel")
    assert desk.clock.now() > START


async def test_joining_is_offered_only_where_it_can_work(jobs):
    async with running_desk(jobs, can_join=False) as desk:
        public = record(job())
        assert "sora_join" not in str(desk.replies.refusal_words(public, "not_in_channel").blocks)
    async with running_desk(jobs) as desk:
        private = record(job(order=order(place=Place(slack_channel_id="G1"))))
        assert "sora_join" not in str(desk.replies.refusal_words(private, "channel_not_found").blocks)


async def test_send_it_to_me_starts_the_same_video_once_for_a_direct_message(desk, jobs):
    put(jobs, state=JobState.FAILED)
    await desk.click(ActionId.SEND_TO_ME, "job1")
    await desk.click(ActionId.SEND_TO_ME, "job1", trigger="t9")
    wish, order_key, shown, again = jobs.asked[0]
    assert (wish.place, wish.prompt) == (Place(slack_channel_id="U1"), "a corgi surfing at sunset")
    assert (order_key, shown, again) == ("job1:directly", 800_000, True)
    assert len(jobs.keys) == 1


async def test_add_me_and_start_joins_and_starts(desk, jobs):
    put(jobs, state=JobState.FAILED)
    await desk.click(ActionId.JOIN_AND_START, "job1")
    assert desk.slack.told("conversations.join")[0]["channel"] == "C1"
    assert jobs.asked[0][0].place == Place(slack_channel_id="C1")
    assert "on its way" in desk.slack.responses[0]["text"]


async def test_where_joining_is_refused_the_invite_line_stands(desk, jobs):
    put(jobs, state=JobState.FAILED)
    desk.slack.refusals["conversations.join"] = "missing_scope"
    await desk.click(ActionId.JOIN_AND_START, "job1")
    assert "/invite" in desk.slack.responses[0]["text"]
    assert jobs.asked == []


async def test_nobody_starts_somebody_elses_refused_video(desk, jobs):
    put(jobs, state=JobState.FAILED)
    for action in (ActionId.SEND_TO_ME, ActionId.TRY_AGAIN, ActionId.JOIN_AND_START):
        await desk.click(action, "job1", user="U2")
    assert jobs.asked == []
    assert desk.slack.told("conversations.join") == []


@pytest.mark.parametrize("action", ["sora_button_of_last_year", "x"])
async def test_an_unknown_button_is_explained(desk, action):
    assert (await desk.click(action, "1"))[0] == 200
    assert "another version" in desk.slack.responses[0]["text"]


async def test_the_global_shortcut_opens_an_empty_form(desk):
    body = {
        "type": "shortcut",
        "callback_id": CallbackId.MAKE.value,
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "trigger_id": "t1",
    }
    assert (await desk.send(body))[0] == 200
    place = next(each for each in desk.form()["blocks"] if each.get("block_id") == "place")
    assert place["element"]["default_to_current_conversation"] is True
    assert "initial_conversation" not in place["element"]


def from_message(desk, message):
    return {
        "type": "message_action",
        "callback_id": CallbackId.FROM_MESSAGE.value,
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "channel": {"id": "C1"},
        "message": message,
        "trigger_id": "t1",
        "response_url": f"{desk.base}/respond",
    }


async def test_a_messages_picture_comes_along(desk, jobs):
    file = {"id": "F1", "mimetype": "image/png", "url_private": f"{desk.base}/files/a.png"}
    text = "animate &lt;this&gt; <https://x.example|link>"
    await desk.send(from_message(desk, {"ts": "5.0", "text": text, "files": [file]}))
    assert jobs.pictures == {"picture1": PNG}
    form = desk.form()
    assert form["blocks"][0]["element"]["initial_value"] == "animate <this> link"
    _, refused = await desk.send(desk.submission(form))
    assert (list(refused["errors"]), jobs.asked) == (["rights"], [])  # it may be somebody else's
    await desk.send(desk.submission(form, **RIGHTS))
    assert jobs.asked[0][0].picture_id == "picture1"
    assert jobs.asked[0][0].place == Place(slack_channel_id="C1", thread_ts="5.0")


async def test_a_bad_picture_of_a_message_is_told_and_the_words_stay(desk, jobs):
    desk.slack.file_answer = (200, "text/html", b"<html>")
    file = {"id": "F1", "mimetype": "image/png", "url_private": f"{desk.base}/files/a.png"}
    await desk.send(from_message(desk, {"ts": "5.0", "text": "animate this", "files": [file]}))
    form = desk.form()
    assert "did not let me read" in form["blocks"][0]["text"]["text"]
    assert form["blocks"][1]["element"]["initial_value"] == "animate this"


async def test_a_picture_that_does_not_arrive_is_told_and_the_words_stay(desk, jobs):
    desk.slack.file_answer = None
    file = {"id": "F1", "mimetype": "image/png", "url_private": f"{desk.base}/files/a.png"}
    await desk.send(from_message(desk, {"ts": "5.0", "text": "animate this", "files": [file]}))
    form = desk.form()
    assert "did not arrive from Slack" in form["blocks"][0]["text"]["text"]
    assert form["blocks"][1]["element"]["initial_value"] == "animate this"


def direct(text, **changes):
    event = {
        "type": "message",
        "channel_type": "im",
        "channel": "D1",
        "user": "U1",
        "ts": "7.0",
        "text": text,
        **changes,
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": f"E{text}{changes}", "event": event}


async def test_a_direct_message_is_reviewed_before_it_starts(desk, jobs):
    await desk.send(direct("a corgi &amp; a cat --8s"))
    said = desk.slack.told("chat.postMessage")[0]
    assert said["channel"] == "D1"
    button = said["blocks"][-1]["elements"][0]
    assert button["text"]["text"] == "Review and start"
    assert jobs.asked == []
    await desk.click(button["action_id"], button["value"])
    assert desk.form()["blocks"][0]["element"]["initial_value"] == "a corgi & a cat"


@pytest.mark.parametrize("text", ["make it move slowly", ""])
async def test_a_picture_sent_directly_waits_in_the_form_for_a_yes_to_its_rights(desk, jobs, text):
    file = {"id": "F1", "mimetype": "image/png", "url_private": f"{desk.base}/files/a.png"}
    await desk.send(direct(text, subtype="file_share", files=[file]))
    button = desk.slack.told("chat.postMessage")[0]["blocks"][-1]["elements"][0]
    await desk.click(button["action_id"], button["value"])
    form = desk.form()
    _, refused = await desk.send(desk.submission(form, typed="make it move"))
    assert (list(refused["errors"]), jobs.asked) == (["rights"], [])
    await desk.send(desk.submission(form, typed="make it move", **RIGHTS))
    assert [each[0].picture_id for each in jobs.asked] == ["picture1"]


async def test_a_bad_picture_sent_directly_is_told_with_the_offer(desk):
    desk.slack.file_answer = (200, "text/html", b"<html>")
    file = {"id": "F1", "mimetype": "image/png", "url_private": f"{desk.base}/files/a.png"}
    await desk.send(direct("a corgi surfing", subtype="file_share", files=[file]))
    said = str(desk.slack.told("chat.postMessage")[0]["blocks"])
    assert ("did not let me read" in said, "Review and start" in said, "Nothing was charged" in said) == (True,) * 3


async def test_whether_an_event_is_a_repeated_one_cannot_be_known_so_it_is_answered(desk):
    desk.events.away = True
    await desk.send(direct("help"))
    assert "/sora" in desk.slack.told("chat.postMessage")[0]["text"]


async def test_a_direct_message_can_be_a_subcommand(desk):
    await desk.send(direct("help"))
    assert "/sora" in desk.slack.told("chat.postMessage")[0]["text"]


@pytest.mark.parametrize("changes", [{"bot_id": "B9"}, {"subtype": "message_changed"}, {"channel_type": "channel"}])
async def test_bots_and_edits_and_other_places_are_not_answered(desk, changes):
    assert (await desk.send(direct("a corgi surfing", **changes)))[0] == 200
    assert desk.slack.told("chat.postMessage") == []


async def test_a_repeated_event_is_answered_once(desk):
    body = direct("a corgi surfing")
    await desk.send(body)
    await desk.send(body)
    assert len(desk.slack.told("chat.postMessage")) == 1


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked", "something_new"])
async def test_other_events_are_acked(desk, kind):
    body = {"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": {"type": kind, "user": "U1"}}
    assert (await desk.send(body))[0] == 200


def drawn_actions():
    def walk(drawn):
        if isinstance(drawn, dict):
            if "action_id" in drawn:
                yield drawn["action_id"]
            for each in drawn.values():
                yield from walk(each)
        elif isinstance(drawn, list):
            for each in drawn:
                yield from walk(each)

    views = [each.blocks for each in drawn_views.messages().values()] + list(drawn_views.forms().values())
    return sorted({action for view in views for action in walk(view)})


def test_everything_in_the_list_of_names_is_drawn_somewhere():
    assert drawn_actions() == sorted(each.value for each in ActionId)


@pytest.mark.parametrize("action", [*ActionId])
async def test_everything_that_is_drawn_has_a_listener_of_its_own(desk, action):
    await desk.click(action.value, "unknown", view={"callback_id": CallbackId.FORM.value})
    told = [each["text"] for each in desk.slack.responses]
    assert not any("another version" in each for each in told)


async def test_a_stranger_of_a_shared_channel_is_somebody_else(desk, jobs):
    made = put(jobs)
    jobs.records[made.id] = record(replace(made))
    await desk.click(ActionId.CANCEL, "job1", user="U1X", team={"id": "T9"})
    assert "Only the person" in desk.slack.responses[0]["text"]
