"""Services that a key of their vendor's own name opens: the one hand-written list of them."""

from dataclasses import replace

from bot.catalogue.model import Tier
from bot.config import Settings
from bot.providers.ark import Ark
from bot.providers.dashscope import DashScope
from bot.providers.fal import Fal
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.kling import Kling
from bot.providers.kling_legacy import KeyPair, KlingLegacy
from bot.providers.luma import Luma
from bot.providers.minimax import MiniMax
from bot.providers.openrouter import OpenRouter
from bot.providers.replicate import Replicate
from bot.providers.runway import Runway
from bot.providers.siliconflow import SiliconFlow
from bot.providers.wavespeed import WaveSpeed
from bot.providers.xai import XAI
from bot.wiring.opening import Account, Secrets, by_key, opened_vertex, secrets_of, vertex_secrets


def _key_pair(settings: Settings) -> Secrets | None:
    access, secret = settings.kling_access_key, settings.kling_secret_key
    if access is None or secret is None:
        return None
    held = secrets_of(access, settings.kling_webhook_secret)
    return None if held is None else replace(held, signing=secret.get_secret_value())


_ARK = by_key(lambda client, protocol, clock, _: Ark(client, protocol, clock))


def _dashscope(region: str, *, keys_at: str) -> Account:
    return Account(
        name=f"dashscope_{region}",
        tier=Tier.OFFICIAL,
        protocol=f"dashscope/{region}",
        setting="DASHSCOPE_API_KEY",
        keys_at=keys_at,
        secrets=lambda settings: secrets_of(settings.dashscope_key) if settings.dashscope_region == region else None,
        opened=by_key(lambda client, protocol, clock, _: DashScope(client, protocol, clock)),
    )


FAL = Account(
    name="fal",
    tier=Tier.RELAY,
    protocol="fal",
    setting="FAL_KEY",
    keys_at="fal.ai/dashboard/keys",
    money_at="fal.ai/dashboard/billing",
    more_hosts=("api.fal.ai", "rest.fal.ai", "fal.media"),
    secrets=lambda settings: secrets_of(settings.fal_key),
    opened=by_key(
        lambda client, protocol, clock, _: Fal(client, protocol, clock), lambda key: {"Authorization": f"Key {key}"}
    ),
)

ACCOUNTS = (
    FAL,
    Account(
        name="runway",
        tier=Tier.OFFICIAL,
        protocol="runway",
        setting="RUNWAYML_API_SECRET",
        keys_at="dev.runwayml.com",
        secrets=lambda settings: secrets_of(settings.runway_key),
        opened=by_key(lambda client, protocol, _clock, _: Runway(client, protocol)),
    ),
    Account(
        name="kling",
        tier=Tier.OFFICIAL,
        protocol="kling",
        setting="KLING_API_KEY",
        keys_at="Kling's developer console",
        secrets=lambda settings: secrets_of(settings.kling_key, settings.kling_webhook_secret),
        opened=by_key(
            lambda client, protocol, clock, held: Kling(client, protocol, clock, webhook_secret=held.webhook)
        ),
    ),
    Account(
        name="kling_legacy",
        tier=Tier.OFFICIAL,
        protocol="kling_legacy",
        setting="KLING_ACCESS_KEY and KLING_SECRET_KEY",
        keys_at="Kling's developer console",
        secrets=_key_pair,
        opened=by_key(
            lambda client, protocol, clock, held: KlingLegacy(
                client,
                protocol,
                clock,
                keys=KeyPair(access_key=held.key, secret_key=held.signing),
                webhook_secret=held.webhook,
            ),
            lambda _: {},
        ),
    ),
    Account(
        name="gemini",
        tier=Tier.OFFICIAL,
        protocol="gemini_omni",
        setting="GEMINI_API_KEY",
        keys_at="aistudio.google.com/apikey",
        secrets=lambda settings: secrets_of(settings.gemini_key, settings.gemini_webhook_secret),
        opened=by_key(
            lambda client, protocol, clock, held: GeminiOmni(client, protocol, clock, webhook_secret=held.webhook),
            lambda key: {"x-goog-api-key": key},
        ),
    ),
    Account(
        name="vertex",
        tier=Tier.OFFICIAL,
        protocol="veo_vertex",
        setting="GOOGLE_APPLICATION_CREDENTIALS",
        keys_at="console.cloud.google.com/iam-admin/serviceaccounts",
        money_at="console.cloud.google.com/billing",
        more_hosts=("aiplatform.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com"),
        secrets=vertex_secrets,
        opened=opened_vertex,
    ),
    Account(
        name="replicate",
        tier=Tier.RELAY,
        protocol="replicate",
        setting="REPLICATE_API_TOKEN",
        keys_at="replicate.com/account/api-tokens",
        money_at="replicate.com/account/billing",
        more_hosts=("replicate.delivery",),
        secrets=lambda settings: secrets_of(settings.replicate_key),
        opened=by_key(lambda client, protocol, clock, _: Replicate(client, protocol, clock)),
    ),
    Account(
        name="minimax",
        tier=Tier.OFFICIAL,
        protocol="minimax",
        setting="MINIMAX_API_KEY",
        keys_at="platform.minimax.io",
        secrets=lambda settings: secrets_of(settings.minimax_key),
        opened=by_key(lambda client, protocol, clock, _: MiniMax(client, protocol, clock)),
    ),
    Account(
        name="xai",
        tier=Tier.OFFICIAL,
        protocol="xai",
        setting="XAI_API_KEY",
        keys_at="console.x.ai",
        secrets=lambda settings: secrets_of(settings.xai_key),
        opened=by_key(lambda client, protocol, clock, _: XAI(client, protocol, clock)),
    ),
    Account(
        name="openrouter",
        tier=Tier.RELAY,
        protocol="openrouter",
        setting="OPENROUTER_API_KEY",
        keys_at="openrouter.ai/settings/keys",
        money_at="openrouter.ai/settings/credits",
        secrets=lambda settings: secrets_of(settings.openrouter_key, settings.openrouter_webhook_secret),
        opened=by_key(
            lambda client, protocol, clock, held: OpenRouter(client, protocol, clock, webhook_secret=held.webhook)
        ),
    ),
    Account(
        name="wavespeed",
        tier=Tier.RELAY,
        protocol="wavespeed",
        setting="WAVESPEED_API_KEY",
        keys_at="wavespeed.ai/accesskey",
        money_at="wavespeed.ai/top-up",
        secrets=lambda settings: secrets_of(settings.wavespeed_key, settings.wavespeed_webhook_secret),
        opened=by_key(
            lambda client, protocol, clock, held: WaveSpeed(client, protocol, clock, webhook_secret=held.webhook)
        ),
    ),
    Account(
        name="luma",
        tier=Tier.OFFICIAL,
        protocol="luma",
        setting="LUMA_AGENTS_API_KEY",
        keys_at="Luma's API dashboard",
        secrets=lambda settings: secrets_of(settings.luma_key),
        opened=by_key(lambda client, protocol, _clock, _: Luma(client, protocol)),
    ),
    Account(
        name="siliconflow",
        tier=Tier.RELAY,
        protocol="siliconflow",
        setting="SILICONFLOW_API_KEY",
        keys_at="cloud.siliconflow.com/account/ak",
        secrets=lambda settings: secrets_of(settings.siliconflow_key),
        opened=by_key(lambda client, protocol, _clock, _: SiliconFlow(client, protocol)),
    ),
    Account(
        name="ark_byteplus",
        tier=Tier.OFFICIAL,
        protocol="ark/byteplus",
        setting="ARK_API_KEY",
        keys_at="console.byteplus.com/ark",
        secrets=lambda settings: secrets_of(settings.ark_key) if settings.ark_variant == "byteplus" else None,
        opened=_ARK,
    ),
    Account(
        name="ark_volcengine",
        tier=Tier.OFFICIAL,
        protocol="ark/volcengine",
        setting="VOLCENGINE_API_KEY (or ARK_API_KEY)",
        keys_at="console.volcengine.com/ark",
        secrets=lambda settings: secrets_of(
            settings.ark_key if settings.ark_variant == "volcengine" and settings.ark_key else settings.volcengine_key
        ),
        opened=_ARK,
    ),
    Account(
        name="ark_apiyi",
        tier=Tier.RELAY,
        protocol="ark/apiyi",
        setting="APIYI_API_KEY",
        keys_at="api.apiyi.com",
        secrets=lambda settings: secrets_of(settings.apiyi_key),
        opened=_ARK,
    ),
    _dashscope("intl", keys_at="modelstudio.console.alibabacloud.com"),
    _dashscope("china", keys_at="bailian.console.aliyun.com"),
)
