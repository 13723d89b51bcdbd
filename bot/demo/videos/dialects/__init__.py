"""The ways `/v1/videos` is spoken, one file each. What is common to them stands in `dialect.py`."""

from typing import Final

from bot.demo.videos.dialects.dialect import Dialect, Refusal, Variant
from bot.demo.videos.dialects.litellm import LiteLLMDialect
from bot.demo.videos.dialects.openai import OpenAIDialect
from bot.demo.videos.dialects.relay import RelayDialect
from bot.demo.videos.dialects.sglang import SGLangDialect
from bot.demo.videos.dialects.vllm import VllmDialect

__all__ = ["DIALECTS", "Dialect", "Refusal", "Variant"]

DIALECTS: Final[dict[Variant, type[Dialect]]] = {
    Variant.OPENAI: OpenAIDialect,
    Variant.RELAY: RelayDialect,
    Variant.VLLM_OMNI: VllmDialect,
    Variant.SGLANG: SGLangDialect,
    Variant.LITELLM: LiteLLMDialect,
}
