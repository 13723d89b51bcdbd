"""OpenRouter's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.openrouter import OpenRouter


def case() -> Case:
    names = {"id": "gen-vid-1", "polling_url": "/api/v1/videos/gen-vid-1"}
    return Case(
        key="openrouter",
        make=OpenRouter,
        authorization="Bearer sk-or-contract-0123456789",
        wire_name="minimax/hailuo-3-max",
        accepted=names | {"status": "pending"},
        render_id="gen-vid-1",
        running=names,
        failed=(Told(body=names | {"status": "failed", "error": "the prompt was flagged"}),),
        finished=(Told(body=names | {"status": "completed", "urls": ["{base}/film.mp4"]}), FILM),
        refused={"error": {"code": 0, "message": "no", "metadata": None}},
        busy={"error": {"code": "busy", "message": "no"}},
    )
