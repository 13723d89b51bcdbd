"""DashScope's cases of the contract: one for each of its two regions."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.dashscope import DashScope


def case(region: str) -> Case:
    names = {"task_id": "t-1"}

    def told(**more: str) -> Told:
        return Told(body={"request_id": "1", "output": names | more})

    return Case(
        key=f"dashscope/{region}",
        make=DashScope,
        authorization="Bearer sk-contract-0123456789",
        wire_name="wan2.7-t2v",
        accepted={"request_id": "1", "output": names | {"task_status": "PENDING"}},
        render_id="t-1",
        running=names,
        state_field="task_status",
        around=lambda record: {"request_id": "1", "output": record},
        failed=(told(task_status="FAILED", code="DataInspectionFailed", message="inappropriate content"),),
        finished=(told(task_status="SUCCEEDED", video_url="{base}/film.mp4"), FILM),
        refused={"request_id": "1", "code": "", "message": "no"},
        busy={"request_id": "1", "code": "busy", "message": "no"},
    )
