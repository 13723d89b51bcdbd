"""What notices say: in Slack channels, their threads, and e-mails."""

from bot.slack.message import Message
from bot.slack.views.blocks import message, section


def hello(user_id: str, *, command: str) -> Message:
    """Said once where notices will appear, so that it is known that they can."""
    said = (
        f"Notices about video services and budgets will appear here; <@{user_id}> chose this channel."
        f" `{command} settings` changes that."
    )
    return message("Notices about video services and budgets will appear here.", section(said))
