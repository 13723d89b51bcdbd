"""Payloads as Slack sends them, Enterprise and shared channels included, become values; broken ones never raise."""

import json
from pathlib import Path

import pytest

from bot.catalogue.model import ModelClass
from bot.jobs.model import Place
from bot.slack.payloads import caller_of, click_of, command_caller, form_of
from bot.slack.people_messages import message_picture, message_text

PAYLOADS = Path(__file__).parent.parent / "payloads"


def payload(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def test_a_command_of_an_enterprise():
    caller = command_caller(payload("command_enterprise"))
    assert (caller.team_id, caller.user_id, caller.place) == ("T1", "U1", Place(slack_channel_id="C1"))


def test_a_stranger_in_a_shared_channel_keeps_their_own_workspace():
    click = click_of(payload("click_shared_channel"))
    assert (click.caller.team_id, click.caller.user_id, click.value) == ("T9", "U9", "job1")
    assert (click.message_ts, click.is_ephemeral, click.caller.thread_ts) == ("1700.1", False, "1700.0")


def test_a_form_belongs_to_the_installation_that_drew_it():
    form = form_of(payload("submission_installed_elsewhere"))
    assert form is not None
    assert form.wish.prompt == "a corgi surfing at sunset"
    assert (form.wish.team_id, form.wish.model, form.wish.model_class) == ("T1", None, ModelClass.PRO)
    assert (form.wish.length_s, form.wish.shape, form.wish.place.slack_channel_id) == (8, None, "C2")
    assert form.caller.response_url.startswith("https://hooks.slack.com/app/")


@pytest.mark.parametrize("body", [{}, {"actions": []}, {"actions": [None]}, {"view": None}, {"user": "U1", "team": []}])
def test_a_payload_without_its_parts_is_empty_and_not_an_error(body):
    assert click_of(body).value == ""
    assert caller_of(body).user_id == ""
    assert form_of(body) is None


def test_a_messages_links_lose_their_markup_and_nothing_else():
    text = "see <https://x.example|this>, <https://y.example> in <#C1|general> by <@U1> &amp; <!here> &lt;3"
    assert message_text({"text": text}) == "see this, https://y.example in #general by <@U1> & <!here> <3"


def test_the_first_picture_is_taken_and_other_files_are_not():
    files = [{"mimetype": "text/plain"}, {"mimetype": "image/png", "id": "F2"}, {"mimetype": "image/png"}]
    assert message_picture({"files": files}) == files[1]
    assert message_picture({}) is None
