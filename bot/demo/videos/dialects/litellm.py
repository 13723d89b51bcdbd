"""A LiteLLM proxy: one key before many services; ids that say in base64 who makes the video; nothing to delete.

Its list is of one service behind it, so to a client of several it is as good as none. Errors are OpenAI's, with the
HTTP status once more as their code.

Source: `proxy/video_endpoints/endpoints.py` and `types/videos/main.py` of litellm 1.109.1, read 2026-11-21.
"""

import base64
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


class LiteLLMDialect:
    variant: ClassVar = Variant.LITELLM
    has_list: ClassVar = False
    has_delete: ClassVar = False
    deletes_running: ClassVar = False
    has_webhooks: ClassVar = False
    refuses_at_submit: ClassVar = False
    variants_by_name: ClassVar = True

    def new_id(self, opaque: str) -> str:
        inside = f"litellm:custom_llm_provider:openai;model_id:local;video_id:video_{opaque}"
        return f"video_{base64.urlsafe_b64encode(inside.encode()).decode()}"

    def read(self, form: Form) -> Asked:
        model, prompt = form.text("model"), form.text("prompt")
        if not model:
            raise Refusal(400, "/v1/videos: Invalid model name passed in model=None.", param="model")
        if not prompt:
            raise Refusal(400, "prompt is required", param="prompt")
        seconds, size = form.text("seconds", "4"), form.text("size", "720x1280").split("x")
        if not seconds.isdecimal() or not 1 <= int(seconds) <= LENGTH_S_MAX:
            raise Refusal(400, f"seconds must be 1 to {LENGTH_S_MAX}", param="seconds")
        if len(size) != 2 or not all(side.isdecimal() for side in size):
            raise Refusal(400, "size must be WIDTHxHEIGHT", param="size")
        picture = form.files.get("input_reference")
        if picture is None and isinstance(form.fields.get("input_reference"), str):
            picture = picture_in_data_url(form.text("input_reference"))
        if picture is not None:
            size_of_picture(picture)
        size_px = (int(size[0]), int(size[1]))
        return Asked(model=model, prompt=prompt, length_s=int(seconds), size_px=size_px, picture=picture)

    def charged(self, job: Job) -> bool:
        return job.status is JobStatus.COMPLETED

    def shown(self, job: Job, origin: str) -> dict[str, object]:  # noqa: ARG002 - the proxy hands out no addresses
        return {
            "id": job.id,
            "object": "video",
            "model": job.asked.model,
            "status": job.status.value,
            "progress": job.progress,
            "created_at": seconds_since_epoch(job.created_at),
            "completed_at": seconds_since_epoch(job.completed_at),
            "expires_at": None,
            "size": job.asked.size,
            "seconds": str(job.asked.length_s),
            "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
            "usage": {"duration_seconds": float(job.asked.length_s)},
        }

    def status_of_look(self, job: Job) -> int:  # noqa: ARG002 - a failed job is a good answer here
        return 200

    def error(self, refusal: Refusal) -> dict[str, object]:
        kind = "internal_server_error" if refusal.status >= 500 else "invalid_request_error"
        told = {"message": refusal.message, "type": kind, "param": refusal.param, "code": str(refusal.status)}
        return {"error": told}

    def wrong_key(self) -> dict[str, object]:
        message = "Authentication Error, Invalid proxy server token passed."
        return {"error": {"message": message, "type": "token_not_found_in_db", "param": "key", "code": "401"}}

    def no_file(self, job: Job) -> Refusal:
        return Refusal(404 if job.status.ended else 400, "Video is not ready.")


_: type[Dialect] = LiteLLMDialect
