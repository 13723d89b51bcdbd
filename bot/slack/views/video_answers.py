"""What a person is told who stops a video, takes it away, or presses a button of one: to them alone."""

from typing import assert_never

from bot.jobs.answers import CancelAnswer, CancelOutcome, RemoveAnswer, RemoveOutcome
from bot.slack.message import Message
from bot.slack.views.blocks import message, section


def cancel_said(answer: CancelAnswer) -> Message:
    number = f"Video #{answer.job.number}" if answer.job is not None else "This video"
    match answer.outcome:
        case CancelOutcome.CANCELLED:
            said = f"{number} is cancelled. Nothing was charged."
        case CancelOutcome.ASKED:
            said = (
                f"The service is asked to stop {number[0].lower()}{number[1:]}. Its message will say what came of it."
            )
        case CancelOutcome.CANNOT:
            said = (
                f"{number} cannot be stopped any more: the service has it and goes on, so it is paid. "
                "It goes on quietly and is offered to you when it is done."
            )
        case CancelOutcome.ALREADY_ENDED:
            said = f"{number} has finished already, so there is nothing to cancel."
        case CancelOutcome.NOT_YOURS:
            said = f"Only the person who asked for {number[0].lower()}{number[1:]} can cancel it."
        case CancelOutcome.UNKNOWN:
            said = unknown_video().text
        case _:
            assert_never(answer.outcome)
    return message(said, section(said))


def remove_said(answer: RemoveAnswer) -> Message:
    number = f"video #{answer.record.job.number}" if answer.record is not None else "this video"
    match answer.outcome:
        case RemoveOutcome.REMOVED:
            said = f"Done: {number} is being taken away from here."
        case RemoveOutcome.NOT_YOURS:
            said = f"Only the person who asked for {number} can take it away."
        case RemoveOutcome.UNKNOWN:
            said = unknown_video().text
        case RemoveOutcome.NOT_ENDED:
            said = f"{number[0].upper()}{number[1:]} is still being made. Cancel it first."
        case _:
            assert_never(answer.outcome)
    return message(said, section(said))


def unknown_video() -> Message:
    said = "I do not know this video any more. It may have been removed, or it is somebody else's. Nothing was charged."
    return message(said, section(said))


def not_yours_or_over() -> Message:
    said = "That is not possible any more, or only for the person who asked for this video. Nothing was charged."
    return message(said, section(said))
