"""Single values as an operator writes them: each type reads its own spelling, and complains about it in words."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

METRICS_TOKEN_LENGTH_MIN = 16


def _list_of_texts(said: object) -> object:
    """`SORA_PREFER=fal, runway/gen-4.5` or a list in `sora.toml`: each once, in its order."""
    listed = said.split(",") if isinstance(said, str) else said
    if not isinstance(listed, (list, tuple)):
        return listed
    return tuple(dict.fromkeys(str(each).strip() for each in listed if str(each).strip()))


def _member_ids(people: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [each for each in people if not re.fullmatch(r"[UW][A-Z0-9]{2,30}", each)]
    if wrong:
        raise ValueError(
            f'"{wrong[0]}" is no member id. Slack shows it in a profile: three dots, Copy member ID (U0123ABCD)'
        )
    return people


def _origin(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// (or http:// for a server of your own)")
    return url


def _origin_or_nothing(url: str) -> str:
    return _origin(url) if url else url


def _zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('is no time zone; use a name such as "Europe/Berlin"') from None
    return name


def _bucket(said: str) -> str:
    if said and not re.fullmatch(r"gs://[a-z0-9][\w.-]{1,220}(/.{0,800})?", said):
        raise ValueError("write the bucket for Veo's films as gs://name or gs://name/folder")
    return said


def _hard_to_guess(token: SecretStr) -> SecretStr:
    if len(token.get_secret_value()) < METRICS_TOKEN_LENGTH_MIN:
        raise ValueError(
            f"must have {METRICS_TOKEN_LENGTH_MIN} characters or more: who guesses it reads your numbers"
            " (`openssl rand -hex 20` makes one)"
        )
    return token


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list_of_texts)]
MemberIds = Annotated[Texts, AfterValidator(_member_ids)]
Origin = Annotated[str, AfterValidator(_origin)]
OriginOrNothing = Annotated[str, AfterValidator(_origin_or_nothing)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Bucket = Annotated[str, AfterValidator(_bucket)]
MetricsToken = Annotated[SecretStr, AfterValidator(_hard_to_guess)]

Tier = Literal["official", "relay", "self_hosted", "reverse"]
VideosVariant = Literal[
    "openai", "azure", "relay", "new_api_videos", "litellm", "laozhang", "apiyi", "cometapi", "vllm_omni", "sglang",
    "generations", "evolink", "new_api",
]  # fmt: skip
