"""Reading one interaction of Google's: pure, from JSON.

Source: google-genai 3.4.0 types/interactions (interaction, modeloutputstep, videocontent, usage); which refusals hide
in a success is what a public client recorded (provider facts 5.3, 2026-11-21).
"""

from typing import Any

from bot.providers.answers import tidy
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, InvalidRequest, Moderated, NotFound, ProviderError, QuotaExhausted
from bot.providers.google_verdicts import failure_of


def interaction_in(document: Any) -> dict[str, Any] | None:
    """The interaction itself; None for anything else."""
    return document if isinstance(document, dict) and isinstance(document.get("status"), str) else None


def status_of(interaction: dict[str, Any], *, request_id: str = "") -> RenderStatus:
    """One look. Google tells no progress."""
    word = interaction["status"]
    match word:
        case "queued":
            return RenderStatus(state=RenderState.QUEUED, request_id=request_id)
        case "in_progress" | "requires_continuation":
            return RenderStatus(state=RenderState.RUNNING, request_id=request_id)
        case "completed":
            if uri := _video_uri(interaction):
                return RenderStatus(state=RenderState.SUCCEEDED, result_ref=uri, request_id=request_id)
            failure: ProviderError = _without_video(interaction)
        case "failed":
            failure = failure_of(_errors(interaction), "Google says failed and nothing else")
        case "incomplete":
            failure = failure_of(_errors(interaction), "Google ended it before it was complete")
        case "budget_exceeded":
            failure = QuotaExhausted("the project's budget at Google is used up", code=word)
        case "requires_action":
            # Only a tool could ask for one, and we offer none: the prompt led somewhere else than to a video.
            failure = InvalidRequest("the model asks for an action instead of making a video", code=word)
        case "cancelled":
            failure = CapacityFailed("cancelled at Google", code=word)
            return RenderStatus(state=RenderState.CANCELLED, failure=failure, request_id=request_id)
        case _:
            return RenderStatus(state=RenderState.RUNNING, unknown_word=tidy(word)[:60], request_id=request_id)
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=request_id)


def was_billed(interaction: dict[str, Any]) -> bool:
    """Whether it counts output, which is what Google's price is for. Without a count nothing is known: taken as yes."""
    usage = interaction.get("usage")
    if not isinstance(usage, dict):
        return True
    return usage.get("total_output_tokens") != 0 or _video_tokens(interaction) > 0


def _without_video(interaction: dict[str, Any]) -> ProviderError:
    """Completed, and no video in it: a refusal in the model's own words, unless a video was counted."""
    if _video_tokens(interaction) > 0:
        return NotFound("Google counts a video and sent none")
    errors = _errors(interaction)
    if errors:
        return failure_of(errors, "Google says completed and sent no video")
    words = tidy(" ".join(str(each.get("text") or "") for each in _content(interaction) if each.get("type") == "text"))
    return Moderated(f"the model made no video and says: {words or 'nothing'}")


def _video_uri(interaction: dict[str, Any]) -> str:
    """The last video's address. SDKs show it as `output_video`, and some guides have that on the wire too."""
    shown = interaction.get("output_video")
    videos = [each for each in _content(interaction) if each.get("type") == "video"]
    videos = [shown, *videos] if isinstance(shown, dict) else videos
    uris = [each.get("uri") for each in videos]
    return next((each for each in reversed(uris) if isinstance(each, str) and each), "")


def _steps(interaction: dict[str, Any]) -> list[dict[str, Any]]:
    steps = interaction.get("steps")
    found = [each for each in steps if isinstance(each, dict)] if isinstance(steps, list) else []
    return [each for each in found if each.get("type") == "model_output"]


def _content(interaction: dict[str, Any]) -> list[dict[str, Any]]:
    parts = (step.get("content") for step in _steps(interaction))
    return [each for part in parts if isinstance(part, list) for each in part if isinstance(each, dict)]


def _errors(interaction: dict[str, Any]) -> list[Any]:
    """Those of the whole, then those of its steps."""
    errors = interaction.get("errors")
    own = errors if isinstance(errors, list) else [errors] if isinstance(errors, dict) else []
    return [*own, *(step["error"] for step in _steps(interaction) if isinstance(step.get("error"), dict))]


def _video_tokens(interaction: dict[str, Any]) -> int:
    usage = interaction.get("usage")
    counts = usage.get("output_tokens_by_modality") if isinstance(usage, dict) else None
    tokens = (
        each.get("tokens")
        for each in (counts if isinstance(counts, list) else ())
        if isinstance(each, dict) and str(each.get("modality")).lower() == "video"
    )
    return sum(each for each in tokens if isinstance(each, int))
