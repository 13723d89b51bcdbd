"""What every adapter owes the rest of the bot, whatever it speaks. `test_contract.py` runs this over all of `CASES`.

To add an adapter: one `Case` (`case_<name>.py`) with what its service says when all is well and when it refuses. The
suite brings the bad luck itself (refused, dropped, cut, silent, pages, other JSON, 401 to 504), over real sockets.
"""

import case_ark
import case_dashscope
import case_gemini_omni
import case_kling
import case_luma
import case_minimax
import case_openrouter
import case_replicate
import case_runway
import case_siliconflow
import case_veo_vertex
import case_video_generations
import case_wavespeed
import case_xai
from contract_case import CATALOGUE, FILM, PROMPT, Case
from raw_service import Told

from bot.providers.fal import Fal
from bot.providers.openai_videos import OpenAIVideos

__all__ = ["CASES", "CATALOGUE", "FILM", "PROMPT", "Case"]


VIDEOS_VARIANTS = (
    "openai", "azure", "relay", "new_api", "litellm", "laozhang", "apiyi", "cometapi", "vllm_omni", "sglang",
)  # fmt: skip


def _videos(variant: str) -> Case:
    names = {"id": "video_1", "object": "video", "model": "m", "prompt": PROMPT}
    blocked = names | {"status": "failed", "error": {"code": "moderation_blocked", "message": "blocked"}}
    return Case(
        key=f"openai_videos/{variant}",
        make=OpenAIVideos,
        authorization="sk-contract-0123456789" if variant == "azure" else "Bearer sk-contract-0123456789",
        key_header="api-key" if variant == "azure" else "Authorization",
        wire_name="m",
        accepted=names | {"status": "queued"},
        render_id="video_1",
        running=names,
        failed=(Told(status=400 if variant == "vllm_omni" else 200, body=blocked),),
        finished=(Told(body=names | {"status": "completed"}), FILM),
        refused={"error": {"message": "no", "type": "x", "param": None, "code": None}},
        busy={"error": {"message": "no", "type": "x", "param": None, "code": "busy"}},
    )


def _fal() -> Case:
    model = next(each for each in CATALOGUE.models if each.protocol == "fal" and each.wire_name)
    at = "{base}/acme/requests/r-1"
    flagged = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
    return Case(
        key="fal",
        make=Fal,
        authorization="Key id-of-key:secret-0123456789",
        wire_name=str(model.wire_name),
        accepted={
            "request_id": "r-1",
            "status_url": f"{at}/status",
            "response_url": at,
            "cancel_url": f"{at}/cancel",
        },
        render_id="r-1",
        running={"request_id": "r-1"},
        failed=(Told(body={"status": "COMPLETED"}), Told(status=422, body=flagged)),
        finished=(Told(body={"status": "COMPLETED"}), Told(body={"video": {"url": "{base}/f.mp4"}}), FILM),
        refused={"detail": "no"},
        busy={"detail": "no", "error_type": "busy"},
        extra=model.wire,
    )


CASES = (
    *(_videos(each) for each in VIDEOS_VARIANTS),
    _fal(),
    case_gemini_omni.case(),
    *(case_ark.case(each) for each in ("byteplus", "volcengine", "apiyi")),
    *(case_dashscope.case(each) for each in ("intl", "china")),
    case_openrouter.case(),
    case_runway.case(),
    case_siliconflow.case(),
    case_replicate.case(),
    case_luma.case(),
    case_kling.case(),
    case_kling.legacy_case(),
    case_minimax.case(),
    case_veo_vertex.case(),
    *(case_video_generations.case(each) for each in ("relay", "evolink", "new_api")),
    case_wavespeed.case(),
    case_xai.case(),
)
