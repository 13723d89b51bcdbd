"""Luma's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.luma import Luma


def case() -> Case:
    names = {"id": "g-1", "type": "video", "model": "ray-3.2", "created_at": "2026-11-21T09:00:00Z"}
    moderated = {"failure_code": "content_moderated", "failure_reason": "The prompt was moderated"}
    film = [{"type": "video", "url": "{base}/film.mp4"}]
    return Case(
        key="luma",
        make=lambda client, protocol, clock: Luma(client, protocol),
        authorization="Bearer luma-api-contract-0123456789",
        wire_name="ray-3.2",
        accepted=names | {"state": "queued"},
        render_id="g-1",
        running=names,
        state_field="state",
        failed=(Told(body=names | {"state": "failed"} | moderated),),
        finished=(Told(body=names | {"state": "completed", "output": film}), FILM),
        refused={"message": "no"},
        busy={"code": "busy", "message": "no"},
    )
