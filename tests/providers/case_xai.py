"""xAI's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.xai import XAI


def case() -> Case:
    film = {"url": "{base}/film.mp4", "duration": 5, "respect_moderation": True}
    hidden = {"url": "", "duration": 5, "respect_moderation": False}
    return Case(
        key="xai",
        make=XAI,
        authorization="Bearer xai-contract-0123456789",
        wire_name="grok-imagine-video",
        accepted={"request_id": "req-1"},
        render_id="req-1",
        running={"model": "grok-imagine-video"},
        failed=(Told(body={"status": "done", "video": hidden}),),
        finished=(Told(body={"status": "done", "video": film}), FILM),
        refused={"code": "x", "error": "no"},
        busy={"code": "busy", "error": "no"},
    )
