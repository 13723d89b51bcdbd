"""Sentences that answers and the form share: what is wrong with a wish, and what is left of a limit."""

from collections.abc import Sequence
from typing import assert_never

from bot.jobs.wish import Complaint, Problem, Standing
from bot.slack.options import Mistake, OptionTrouble
from bot.slack.views.words import counted, listed, quoted, usd

ALLOWED_SHOWN = 12

SCOPES = {"person": "your", "workspace": "this workspace's", "slack_channel": "this channel's"}
PERIODS = {"day": "today", "month": "this month"}


def complaint_words(complaint: Complaint) -> str:
    """One thing that cannot be served, with what would do."""
    given, model = quoted(complaint.given), quoted(complaint.model_label) or "this model"
    allowed = listed([quoted(each) for each in complaint.allowed[:ALLOWED_SHOWN]])
    instead = f" The nearest is {quoted(complaint.suggestion)}." if complaint.suggestion else ""
    offers = f" You can have {allowed}." if allowed else ""
    match complaint.problem:
        case Problem.PROMPT_EMPTY:
            return "There is no prompt yet: say what the video should show."
        case Problem.PROMPT_TOO_LONG:
            other = f" {quoted(complaint.suggestion)} takes it." if complaint.suggestion else ""
            return f"The prompt is too long for {model}: {given}, and at most {allowed}.{other} Nothing was cut."
        case Problem.MODEL_UNKNOWN:
            meant = f" Did you mean {quoted(complaint.suggestion)}?" if complaint.suggestion else ""
            return f"There is no model “{given}” here.{meant}{offers}"
        case Problem.MODEL_RETIRED:
            heir = f" {quoted(complaint.suggestion)} makes such videos here now." if complaint.suggestion else ""
            return f"{model}.{heir or offers}" if complaint.model_label else f"“{given}” has ended.{heir or offers}"
        case Problem.LENGTH:
            return f"{model} does not make {given}.{offers}{instead}"
        case Problem.SHAPE:
            return f"{model} does not make the shape {given}.{offers}{instead}"
        case Problem.RESOLUTION:
            return f"{model} does not make {given}.{offers}{instead}"
        case Problem.AUDIO:
            return f"{model} cannot do the sound you asked for: {given}.{offers}"
        case Problem.SEED:
            return f"{model} takes no seed.{offers}"
        case Problem.PICTURE:
            return (
                f"{model} does not take this picture: {given}.{offers}{instead}"
                if given
                else (f"{model} takes no picture.{offers}{instead}")
            )
        case Problem.NO_SERVICE:
            why = "; ".join(quoted(each) for each in complaint.allowed[:ALLOWED_SHOWN])
            return f"No service here can make this{f': {why}' if why else ''}."
        case _:
            assert_never(complaint.problem)


def option_words(trouble: OptionTrouble) -> str:
    """One option that was not understood."""
    option, allowed = quoted(trouble.option), listed([quoted(each) for each in trouble.allowed])
    match trouble.mistake:
        case Mistake.UNKNOWN:
            meant = f" Did you mean `{quoted(trouble.suggestion)}`?" if trouble.suggestion else ""
            return f"I do not know the option {option}.{meant} You can use {allowed}."
        case Mistake.REPEATED:
            return f"{option} says something a second time; use {allowed}."
        case Mistake.NO_VALUE:
            return f"{option} needs a value: {allowed}."
        case Mistake.BAD_VALUE:
            return f"“{quoted(trouble.given)}” is no value for {option}; use {allowed}."
        case Mistake.NOT_AT_END:
            return f"{option} takes no value, and options stand at the end; “{quoted(trouble.given)}” follows it."
        case _:
            assert_never(trouble.mistake)


def left_words(standings: Sequence[Standing]) -> str:
    """What is left of the tightest limit, in a few words."""
    money = [each for each in standings if each.usd_micros_max is not None]
    if money:
        least = min(money, key=_usd_left)
        return f"{usd(_usd_left(least))} of {_whose(least)} {PERIODS.get(least.period, least.period)} left."
    clips = [each for each in standings if each.clips_max is not None]
    if clips:
        fewest = min(clips, key=lambda each: (each.clips_max or 0) - each.clips_used)
        left = max(0, (fewest.clips_max or 0) - fewest.clips_used)
        return f"{counted(left, 'video', 'videos')} left {PERIODS.get(fewest.period, fewest.period)}."
    return ""


def limit_words(standing: Standing) -> str:
    """As in "your $5.00 a day"."""
    amount = (
        usd(standing.usd_micros_max)
        if standing.usd_micros_max is not None
        else counted(standing.clips_max or 0, "video", "videos")
    )
    return f"{SCOPES.get(standing.scope, standing.scope)} {amount} a {standing.period}"


def _usd_left(standing: Standing) -> int:
    return max(0, (standing.usd_micros_max or 0) - standing.usd_micros_used - standing.usd_micros_reserved)


def _whose(standing: Standing) -> str:
    return f"{SCOPES.get(standing.scope, standing.scope)} {usd(standing.usd_micros_max or 0)}"
