"""When the bot cannot post where somebody asked: only they see it, before any money moves."""

from bot.jobs.model import Job
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import actions, button, context, message, prompt_quote, section

NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})
CLOSED = frozenset({"is_archived", "thread_locked"})


def cannot_post(job: Job, *, code: str, can_join: bool, bot_user_id: str = "") -> Message:
    """`code` is Slack's own word. `can_join`: a public channel, and the app may join it."""
    channel = job.order.place.slack_channel_id
    where = f"<#{channel}>" if channel.startswith("C") else "this conversation"
    why, how = _reason(code, where, bot_user_id)
    said = f"{why} Nothing was charged; your prompt is kept."
    join = button(
        "Add me and start",
        ActionId.JOIN_AND_START,
        job.id,
        label="Add the bot to this channel and start the video",
        style="primary",
    )
    to_me = button(
        "Send it to me directly",
        ActionId.SEND_TO_ME,
        job.id,
        label="Make the video and send it to me in a direct message",
        style=None if can_join else "primary",
    )
    again = button("Try again", ActionId.TRY_AGAIN, job.id, label="Start this video here once more")
    member = code in NOT_A_MEMBER
    return message(
        said,
        section(said),
        prompt_quote(job.order.prompt),
        context(how),
        actions(join if can_join and member else None, to_me, again if member else None),
    )


def cannot_join(job: Job, *, bot_user_id: str = "") -> Message:
    said = f"I could not add myself. {_invite(bot_user_id)} Nothing was charged; your prompt is kept."
    return message(
        said,
        section(said),
        actions(
            button(
                "Send it to me directly",
                ActionId.SEND_TO_ME,
                job.id,
                label="Make the video and send it to me in a direct message",
                style="primary",
            ),
            button("Try again", ActionId.TRY_AGAIN, job.id, label="Start this video here once more"),
        ),
    )


def _reason(code: str, where: str, bot_user_id: str) -> tuple[str, str]:
    if code in NOT_A_MEMBER:
        return f"I'm not in {where} yet.", _invite(bot_user_id)
    if code in CLOSED:
        return f"I cannot post in {where}: it is closed.", ""
    return f"This workspace does not let me post in {where}.", "An admin can change who may post there."


def _invite(bot_user_id: str) -> str:
    name = f"<@{bot_user_id}>" if bot_user_id else "the app's name"
    return f"Type `/invite` and {name} in the channel, then press Try again."
