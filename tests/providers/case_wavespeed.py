"""WaveSpeedAI's case of the contract."""

from typing import Any

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.wavespeed import WaveSpeed


def case() -> Case:
    record = {"id": "p-1", "model": "m", "outputs": [], "error": ""}
    moderated = record | {"status": "failed", "code": 1200, "error": "The content contains sensitive information."}
    film = record | {"status": "completed", "outputs": ["{base}/film.mp4"]}
    return Case(
        key="wavespeed",
        make=WaveSpeed,
        authorization="Bearer ws-contract-0123456789",
        wire_name="acme/m/text-to-video",
        accepted=_enveloped(record | {"status": "created"}),
        render_id="p-1",
        running=record,
        around=_enveloped,
        failed=(Told(body=_enveloped(moderated)),),
        finished=(Told(body=_enveloped(film)), FILM),
        refused={"code": 400, "message": "no"},
        busy={"code": 503, "message": "no", "error_code": "busy"},
    )


def _enveloped(record: dict[str, Any]) -> dict[str, Any]:
    return {"code": 200, "message": "success", "data": record}
