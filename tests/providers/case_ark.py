"""Ark's cases of the contract: one for each of its three addresses."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.ark import Ark


def case(variant: str) -> Case:
    names = {"id": "cgt-1", "model": "dreamina-seedance-2-0-260128"}
    refused = {"code": "OutputVideoSensitiveContentDetected", "message": "the output video may be sensitive"}
    film = {"video_url": "{base}/film.mp4"}
    return Case(
        key=f"ark/{variant}",
        make=Ark,
        authorization="Bearer ark-contract-0123456789",
        wire_name="dreamina-seedance-2-0-260128",
        accepted={"id": "cgt-1"},
        render_id="cgt-1",
        running=names,
        failed=(Told(body=names | {"status": "failed", "error": refused}),),
        finished=(Told(body=names | {"status": "succeeded", "content": film}), FILM),
        refused={"error": {"code": "", "message": "no", "param": "", "type": "x"}},
        busy={"error": {"code": "busy", "message": "no", "param": "", "type": "x"}},
    )
