"""The local Slack: a workspace on 127.0.0.1 for the demo and for tests; `bot/demo/README.md` says how to use it."""

from bot.demo.faults import Delay, Drop, Kill, Silence
from bot.demo.slack.faults import Page, RateLimited, Refuse
from bot.demo.slack.hands import Submitted
from bot.demo.slack.people import Answered
from bot.demo.slack.refusals import NotOffered
from bot.demo.slack.service import LocalSlack
from bot.demo.slack.workspace import Channel, Kind, Message, SlackFile, User, View

__all__ = [
    "Answered", "Channel", "Delay", "Drop", "Kill", "Kind", "LocalSlack", "Message", "NotOffered", "Page",
    "RateLimited", "Refuse", "Silence", "SlackFile", "Submitted", "User", "View",
]  # fmt: skip
