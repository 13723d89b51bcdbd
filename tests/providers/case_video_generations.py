"""The cases of the `/v1/videos/generations` dialect, one for each variant."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.video_generations import VideoGenerations


def case(variant: str) -> Case:
    names = {"id": "task-1", "object": "video.generation.task", "model": "m"}
    blocked = {"code": "content_policy_violation", "message": "turned down"}
    return Case(
        key=f"video_generations/{variant}",
        make=lambda client, protocol, clock: VideoGenerations(client, protocol),
        authorization="Bearer sk-contract-0123456789",
        wire_name="m",
        accepted=names | {"status": "pending"},
        render_id="task-1",
        running=names,
        failed=(Told(body=names | {"status": "failed", "error": blocked}),),
        finished=(Told(body=names | {"status": "completed", "results": ["{base}/film.mp4"]}), FILM),
        refused={"error": {"message": "no", "type": "x", "param": None, "code": 400}},
        busy={"error": {"message": "no", "code": "busy"}},
    )
