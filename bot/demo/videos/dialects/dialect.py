"""What differs between the variants, as one port."""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from PIL import Image, UnidentifiedImageError

from bot.demo.videos.job import Asked, Job

PICTURE_BYTES_MAX = 20 * 1024 * 1024


class Variant(StrEnum):
    OPENAI = "openai"
    """As OpenAI spoke it until 2026-09-24."""
    RELAY = "relay"
    """A bare relay in the manner of new-api and laozhang.ai: `task_id`, `video_url`; no list, delete, webhooks."""
    VLLM_OMNI = "vllm_omni"
    """vLLM-Omni: form bodies only, a failed job is a 4xx/5xx, DELETE stops running jobs."""
    SGLANG = "sglang"
    """SGLang: whole seconds, errors without a code, a list without prompts, DELETE only forgets."""
    LITELLM = "litellm"
    """A LiteLLM proxy: long ids, no list worth the name, no DELETE."""


class Refusal(Exception):
    """A request that is turned down before anything is started."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A create body as it came: JSON values or form texts by name, and uploaded files."""

    media_type: str
    fields: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A text field; `Refusal` 400 when a JSON body holds something else there."""
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise Refusal(400, f"Invalid type for '{name}': expected a string.", code="invalid_type", param=name)
        return value


class Dialect(Protocol):
    """One variant: how its ids look, what it takes, and how it words jobs and errors. Holds no state."""

    variant: ClassVar[Variant]
    has_list: ClassVar[bool]
    has_delete: ClassVar[bool]
    deletes_running: ClassVar[bool]
    has_webhooks: ClassVar[bool]
    refuses_at_submit: ClassVar[bool]
    """Where moderation speaks up: at the submit, or as a failed render."""
    variants_by_name: ClassVar[bool]
    """Whether `/content?variant=` takes names; else it is an index, and a name is not found."""

    def new_id(self, opaque: str) -> str: ...

    def read(self, form: Form) -> Asked:
        """Check a create body.

        Raises:
            Refusal: with the status and words of this variant.
        """

    def charged(self, job: Job) -> bool:
        """Whether the account pays for this job as it stands."""

    def shown(self, job: Job, origin: str) -> dict[str, object]:
        """The video object. `origin` is scheme, host and port, for addresses handed out."""

    def status_of_look(self, job: Job) -> int:
        """HTTP status of a GET of this job."""

    def error(self, refusal: Refusal) -> dict[str, object]: ...

    def wrong_key(self) -> dict[str, object]: ...

    def no_file(self, job: Job) -> Refusal:
        """Why `/content` has nothing to give."""


def seconds_since_epoch(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def size_of_picture(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; `Refusal` 400 when it is not a JPEG, PNG or WebP."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise Refusal(
            400, "Invalid file 'input_reference': expected an image.", code="invalid_image", param="input_reference"
        ) from error


def picture_in_data_url(url: str) -> bytes:
    """The bytes of `data:image/...;base64,...`. This service has no way out, so other addresses are a `Refusal` 400."""
    head, comma, text = url.partition(",")
    try:
        if head.startswith("data:image/") and head.endswith(";base64") and comma:
            return base64.b64decode(text, validate=True)
    except binascii.Error:
        pass
    raise Refusal(400, "Could not download the image.", code="invalid_image_url", param="input_reference")
