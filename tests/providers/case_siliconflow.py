"""SiliconFlow's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.siliconflow import SiliconFlow


def case() -> Case:
    film = {"status": "Succeed", "results": {"videos": [{"url": "{base}/film.mp4"}]}}
    return Case(
        key="siliconflow",
        make=lambda client, protocol, clock: SiliconFlow(client, protocol),
        authorization="Bearer sk-contract-0123456789",
        wire_name="Wan-AI/Wan2.2-T2V-A14B",
        accepted={"requestId": "r-1"},
        render_id="r-1",
        running={"reason": ""},
        failed=(Told(body={"status": "Failed", "reason": "the prompt was flagged as sensitive"}),),
        finished=(Told(body=film), FILM),
        refused={"code": 1, "message": "no", "data": None},
        busy={"code": "busy", "message": "no", "data": None},
    )
