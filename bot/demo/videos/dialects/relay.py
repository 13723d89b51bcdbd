"""A bare relay: `task_id` and `video_url`, money taken at the submit and given back on failure, nothing to list.

Modelled on new-api's task routes (`{code, message, data: null}`) and laozhang.ai's `video_url`, which works without
a key. Read 2026-11-21; the wording of the messages is ours.
"""

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

LENGTH_S_MAX: Final = 60
SIDE_PX_MIN: Final = 64
_SIZE: Final = re.compile(r"^(\d{2,4})[x:](\d{2,4})$")


class RelayDialect:
    variant: ClassVar = Variant.RELAY
    has_list: ClassVar = False
    has_delete: ClassVar = False
    deletes_running: ClassVar = False
    has_webhooks: ClassVar = False
    refuses_at_submit: ClassVar = False
    variants_by_name: ClassVar = True

    def new_id(self, opaque: str) -> str:
        return f"task_{opaque}"

    def read(self, form: Form) -> Asked:
        model, prompt = form.text("model"), form.text("prompt")
        if not model:
            raise Refusal(400, "model field is required", code="missing_model")
        if not prompt.strip():
            raise Refusal(400, "prompt is required", code="invalid_request")
        length = str(form.fields.get("seconds", form.fields.get("duration", "8")))
        if not length.isdecimal() or not 1 <= int(length) <= LENGTH_S_MAX:
            raise Refusal(400, f"seconds must be 1 to {LENGTH_S_MAX}", code="invalid_request")
        size = _SIZE.match(form.text("size", "1280x720"))
        if size is None or any(int(side) % 2 or int(side) < SIDE_PX_MIN for side in size.groups()):
            raise Refusal(400, f"size must be WIDTHxHEIGHT, even, at least {SIDE_PX_MIN}", code="invalid_request")
        picture = form.files.get("input_reference")
        reference = form.fields.get("input_reference")
        if picture is None and isinstance(reference, str):
            picture = picture_in_data_url(reference)
        if picture is not None:
            size_of_picture(picture)
        size_px = (int(size[1]), int(size[2]))
        return Asked(model=model, prompt=prompt, length_s=int(length), size_px=size_px, picture=picture)

    def charged(self, job: Job) -> bool:
        return job.status is not JobStatus.FAILED

    def shown(self, job: Job, origin: str) -> dict[str, object]:
        shown: dict[str, object] = {
            "task_id": job.id,
            "object": "video",
            "model": job.asked.model,
            "status": job.status.value,
            "progress": job.progress,
            "created_at": seconds_since_epoch(job.created_at),
            "seconds": str(job.asked.length_s),
            "size": job.asked.size,
        }
        if job.status is JobStatus.COMPLETED:
            shown["completed_at"] = seconds_since_epoch(job.completed_at)
            if job.file is not None:
                shown["video_url"] = f"{origin}/files/{job.token}.mp4"
        if job.error is not None:
            shown["error"] = {"message": job.error.message, "code": job.error.code}
        return shown

    def status_of_look(self, job: Job) -> int:  # noqa: ARG002 - a failed job is a good answer here
        return 200

    def error(self, refusal: Refusal) -> dict[str, object]:
        return {"code": refusal.code or "error", "message": refusal.message, "data": None}

    def wrong_key(self) -> dict[str, object]:
        return {"error": {"code": "", "message": "Invalid token", "type": "new_api_error"}}

    def no_file(self, job: Job) -> Refusal:
        if not job.status.ended:
            return Refusal(400, "task is not completed yet", code="task_not_completed")
        return Refusal(410, "the video has expired", code="video_expired")


_: type[Dialect] = RelayDialect
