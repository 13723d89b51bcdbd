"""Every model that the provider facts of 2026-11-21 call alive is sold, or known with the reason why it is not."""

import pytest

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Catalogue, Unpriced
from bot.catalogue.own_tables import OwnServices, with_own_tables

CATALOGUE = load_catalogue()
ALIVE = {
    "ark/byteplus": [f"dreamina-seedance-{each}" for each in
                     ("2-0-260128", "2-0-fast-260128", "2-0-mini-260615", "2-5-260628")],
    "ark/volcengine": [f"doubao-seedance-{each}" for each in
                       ("2-0-260128", "2-0-fast-260128", "2-0-mini-260615", "2-5-260628")],
    "ark/apiyi": ["doubao-seedance-2-0-260128", "doubao-seedance-2-5-260628"],
    "dashscope/intl": ["wan3.0-video", "wan2.7-t2v", "happyhorse-1.1-t2v"],
    "dashscope/china": ["wan3.0-video", "wan2.7-t2v", "happyhorse-1.1-t2v"],
    "fal": ["bytedance/seedance-2.0/text-to-video", "bytedance/seedance-2.5/text-to-video",
            "minimax/h3/text-to-video", "fal-ai/kling-video/v3/standard/text-to-video",
            "fal-ai/kling-video/v3/pro/text-to-video", "fal-ai/kling-video/o3/standard/text-to-video",
            "fal-ai/ltx-2.3/text-to-video", "fal-ai/pixverse/v6/text-to-video",
            "google/gemini-omni-flash/v1.1/text-to-video"],
    "gemini_omni": ["gemini-omni-1.1-flash", "gemini-omni-1.2-flash"],
    "kling": ["text-to-video/kling-3.0", "text-to-video/kling-3.0-turbo", "omni-video/kling-3.0-omni"],
    "luma": ["ray-3.2"],
    "minimax": ["MiniMax-H3", "MiniMax-H3-Max"],
    "openai_videos/relay": ["minimax/h3", "wan-ai/wan-2.6-t2v", "google/veo-3.1-fast"],
    "openai_videos/laozhang": ["gemini-omni-1.2-flash", "muse-video", "muse-video-20s", "muse-video-60s", "minimax-h3"],
    "openrouter": ["minimax/hailuo-3-max", "x-ai/grok-imagine-video", "google/veo-3.1-lite"],
    "replicate": ["kwaivgi/kling-v3-video", "kwaivgi/kling-v3-omni-video"],
    "runway": ["gen4.5", "gen4_turbo", "veo3.1", "veo3.1_fast", "kling3.0_standard", "kling3.0_pro", "kling3.0_4k",
               "klingO3_standard", "klingO3_pro", "klingO3_4k", "kling2.5_turbo_pro", "kling_4", "seedance2",
               "seedance2_fast", "seedance2_mini", "seedance2_5", "hailuo3", "h3_max", "gemini_omni_flash",
               "gemini_omni_flash_1.1", "wan3", "wan3_prime", "happyhorse_1_0", "grok_imagine_1_5",
               "grok_imagine_1_5_lite"],
    "veo_vertex": ["veo-3.1-lite-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-generate-001"],
    "wavespeed": ["alibaba/wan-2.6/text-to-video", "bytedance/seedance-v1.5-pro/text-to-video",
                  "google/veo3.1-fast/text-to-video", "bytedance/seedance-2.0/text-to-video", "seedance-2.0-fast"],
    "xai": ["grok-imagine-video", "grok-imagine-video-1.5", "grok-imagine-video-1.5-lite"],
}  # fmt: skip
"""By protocol, as the wire calls them: sections 0 and 3 to 11 of the facts."""


def sold(catalogue: Catalogue, protocol: str) -> set[str | None]:
    models = [each for each in catalogue.models if each.protocol == protocol]
    return {each.wire_name for each in models} | {each.picture_wire_name for each in models}


@pytest.mark.parametrize("protocol", ALIVE)
def test_it_is_sold_or_known_to_have_no_price(protocol: str) -> None:
    unpriced = {str(each.facts.get("wire_name", each.name)): each
                for each in CATALOGUE.unpriced if each.protocol == protocol}  # fmt: skip
    missing = [each for each in ALIVE[protocol] if each not in sold(CATALOGUE, protocol) and each not in unpriced]
    assert missing == []


def test_who_is_known_without_a_price_is_sold_nowhere_under_the_same_name() -> None:
    names = {(each.protocol, each.name) for each in CATALOGUE.models}
    assert [each for each in CATALOGUE.unpriced if (each.protocol, each.name) in names] == []
    assert all(each.protocol in CATALOGUE.protocols for each in CATALOGUE.unpriced)


@pytest.mark.parametrize("unpriced", CATALOGUE.unpriced, ids=lambda each: f"{each.protocol} {each.name}")
def test_a_price_alone_is_enough_where_the_rest_is_known(unpriced: Unpriced) -> None:
    services = OwnServices(accounts={"it": unpriced.protocol})
    table: dict[str, object] = {"price": dict.fromkeys(("360p", "480p", "540p", "720p", "1080p", "2160p"), "0.07/s")}
    if not (unpriced.like or "sizes" in unpriced.facts):
        table |= {"sizes": {"wide": {"720p": "1280x720"}}, "lengths_s": [5, 10]}
    told = with_own_tables(CATALOGUE, {unpriced.name: table}, services)
    wanted = (unpriced.name, unpriced.protocol)
    (model,) = [each for each in told.models if (each.name, each.protocol) == wanted]
    assert model.wire_name == unpriced.facts.get("wire_name", unpriced.name)
    assert model.price.of(length_s=model.lengths_s[0], resolution="720p") > 0
    assert unpriced not in told.unpriced
