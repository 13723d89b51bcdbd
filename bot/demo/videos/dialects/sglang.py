"""SGLang 0.5.23: a free engine on somebody's own card, with whole numbers for seconds.

JSON or a form; FastAPI's `{"detail": ...}`; a failed job has a message and no code; the list shows no prompts; DELETE
forgets the record and answers `deleted`, and the render goes on; `variant` of `/content` is an index, so `video` is
a 404; the file stands behind `urls`.

Source: `sglang/multimodal_gen/runtime/entrypoints/openai/protocol.py` and `video_api.py` of SGLang, read 2026-11-21.
"""

import re
from typing import ClassVar, Final

from bot.demo.videos.dialects.dialect import Dialect, Form, Refusal, Variant, seconds_since_epoch, size_of_picture
from bot.demo.videos.job import Asked, Job, JobStatus

_SIZE: Final = re.compile(r"^(\d+)x(\d+)$")


class SGLangDialect:
    variant: ClassVar = Variant.SGLANG
    has_list: ClassVar = True
    has_delete: ClassVar = True
    deletes_running: ClassVar = True
    has_webhooks: ClassVar = False
    refuses_at_submit: ClassVar = False
    variants_by_name: ClassVar = False

    def new_id(self, opaque: str) -> str:
        return opaque

    def read(self, form: Form) -> Asked:
        prompt = form.fields.get("prompt")
        if not isinstance(prompt, str):
            raise Refusal(422, "Field required", code="missing", param="prompt")
        size = _SIZE.match(str(form.fields.get("size", "720x1280")))
        if size is None:
            raise Refusal(
                422, "String should match pattern '^\\d+x\\d+$'", code="string_pattern_mismatch", param="size"
            )
        picture = form.files.get("input_reference")
        if picture is not None:
            size_of_picture(picture)
        return Asked(
            model=str(form.fields.get("model", "local")),
            prompt=prompt,
            length_s=_whole(form.fields.get("seconds", 4), "seconds"),
            size_px=(int(size[1]), int(size[2])),
            picture=picture,
        )

    def charged(self, job: Job) -> bool:  # noqa: ARG002 - the card is their own
        return False

    def shown(self, job: Job, origin: str) -> dict[str, object]:
        done = job.status is JobStatus.COMPLETED and job.file is not None
        return {
            "id": job.id,
            "object": "video",
            "model": job.asked.model,
            "status": job.status.value,
            "progress": job.progress,
            "created_at": seconds_since_epoch(job.created_at),
            "size": job.asked.size,
            "seconds": str(job.asked.length_s),
            "quality": "standard",
            "url": None,
            "urls": [f"{origin}/files/{job.token}.mp4"] if done else None,
            "file_path": f"/outputs/{job.id}.mp4" if done else None,
            "num_outputs": 1,
            "completed_at": seconds_since_epoch(job.completed_at),
            "expires_at": seconds_since_epoch(job.expires_at),
            "remixed_from_video_id": None,
            "error": None if job.error is None else {"message": job.error.message},
        }

    def status_of_look(self, job: Job) -> int:  # noqa: ARG002 - a failed job is a good answer here
        return 200

    def error(self, refusal: Refusal) -> dict[str, object]:
        if refusal.status != 422 or refusal.param is None:
            return {"detail": refusal.message}
        return {"detail": [{"type": refusal.code, "loc": ["body", refusal.param], "msg": refusal.message}]}

    def wrong_key(self) -> dict[str, object]:
        return {"error": "Unauthorized"}

    def no_file(self, job: Job) -> Refusal:
        if not job.status.ended:
            return Refusal(404, "Generation is still in-progress")
        return Refusal(404, "Video not found")


def _whole(value: object, name: str) -> int:
    """A whole number, or a text of digits, which becomes one; anything else is 422."""
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) < 1:
        raise Refusal(422, "Input should be a valid integer", code="int_parsing", param=name)
    return int(text)


_: type[Dialect] = SGLangDialect
