"""vLLM-Omni 0.30.0: a free engine on somebody's own card.

Form bodies only; a GET of a failed job answers 4xx/5xx with the video object as body, whose `error.code` is that status
as a number; DELETE stops running jobs (409 while one is already being stopped). Errors are FastAPI's `{"detail": ...}`.

Source: `vllm_omni/entrypoints/openai/protocol/videos.py` of vLLM-Omni, read 2026-11-21.
"""

import json
import re
from typing import ClassVar, Final

from bot.demo.videos.dialects.dialect import (
    Dialect,
    Form,
    Refusal,
    Variant,
    picture_in_data_url,
    seconds_since_epoch,
    size_of_picture,
)
from bot.demo.videos.job import Asked, Job, JobStatus

FORMS: Final = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
_SECONDS: Final = re.compile(r"^[1-9]\d*$")
_SIZE: Final = re.compile(r"^(\d+)x(\d+)$")


class VllmDialect:
    variant: ClassVar = Variant.VLLM_OMNI
    has_list: ClassVar = True
    has_delete: ClassVar = True
    deletes_running: ClassVar = True
    has_webhooks: ClassVar = False
    refuses_at_submit: ClassVar = False
    variants_by_name: ClassVar = True

    def new_id(self, opaque: str) -> str:
        return f"video_gen_{opaque}"

    def read(self, form: Form) -> Asked:
        # A JSON body leaves FastAPI's form fields empty: what it misses is the prompt, whatever the JSON says.
        fields = form.fields if form.media_type in FORMS else {}
        prompt = fields.get("prompt")
        if not isinstance(prompt, str):
            raise Refusal(422, "Field required", code="missing", param="prompt")
        seconds, size = str(fields.get("seconds", "4")), _SIZE.match(str(fields.get("size", "1280x720")))
        if not _SECONDS.match(seconds):
            raise _unlike(_SECONDS, "seconds")
        if size is None:
            raise _unlike(_SIZE, "size")
        picture = form.files.get("input_reference")
        if picture is None and "image_reference" in fields:
            picture = _picture_in_json(str(fields["image_reference"]))
        if picture is not None:
            size_of_picture(picture)
        return Asked(
            model=str(fields.get("model", "local")),
            prompt=prompt,
            length_s=int(seconds),
            size_px=(int(size[1]), int(size[2])),
            picture=picture,
        )

    def charged(self, job: Job) -> bool:  # noqa: ARG002 - the card is their own
        return False

    def shown(self, job: Job, origin: str) -> dict[str, object]:  # noqa: ARG002 - no addresses in this variant
        code: object = None if job.error is None else job.error.code
        if job.error is not None and job.status is JobStatus.FAILED:
            code = job.error.http_status
        return {
            "id": job.id,
            "object": "video",
            "model": job.asked.model,
            "prompt": job.prompt,
            "status": job.status.value,
            "progress": job.progress,
            "size": job.asked.size,
            "seconds": str(job.asked.length_s),
            "quality": "default",
            "created_at": seconds_since_epoch(job.created_at),
            "completed_at": seconds_since_epoch(job.completed_at),
            "expires_at": seconds_since_epoch(job.expires_at),
            "remixed_from_video_id": None,
            "error": None if job.error is None else {"code": code, "message": job.error.message},
            "media_type": "video/mp4",
            "file_name": None if job.file is None else f"{job.id}.mp4",
        }

    def status_of_look(self, job: Job) -> int:
        return job.error.http_status if job.error is not None else 200

    def error(self, refusal: Refusal) -> dict[str, object]:
        if refusal.status != 422 or refusal.param is None:
            return {"detail": refusal.message}
        problem = {"type": refusal.code, "loc": ["body", refusal.param], "msg": refusal.message, "input": None}
        return {"detail": [problem]}

    def wrong_key(self) -> dict[str, object]:
        return {"error": "Unauthorized"}

    def no_file(self, job: Job) -> Refusal:
        if not job.status.ended:
            return Refusal(404, "Video generation is still in-progress")
        if job.error is not None:
            return Refusal(422, f"Video generation failed: {job.error.message}")
        return Refusal(404, "Video file not found")


def _unlike(pattern: re.Pattern[str], name: str) -> Refusal:
    return Refusal(422, f"String should match pattern '{pattern.pattern}'", code="string_pattern_mismatch", param=name)


def _picture_in_json(text: str) -> bytes:
    """`image_reference` is a JSON string here: {"image_url": "data:..."}."""
    try:
        reference = json.loads(text)
    except ValueError as error:
        raise Refusal(422, "Invalid JSON in image_reference", code="json_invalid", param="image_reference") from error
    url = reference.get("image_url") if isinstance(reference, dict) else None
    if not isinstance(url, str):
        raise Refusal(422, "image_url required", code="missing", param="image_reference")
    return picture_in_data_url(url)


_: type[Dialect] = VllmDialect
