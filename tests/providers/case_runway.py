"""Runway's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.runway import Runway


def case() -> Case:
    names = {"id": "task-1", "createdAt": "2026-11-21T09:00:00Z", "estimatedCost": {"credits": 60}}
    refused = {"failure": "the prompt was turned down", "failureCode": "SAFETY.INPUT.TEXT", "cost": {"credits": 60}}
    return Case(
        key="runway",
        make=lambda client, protocol, clock: Runway(client, protocol),
        authorization="Bearer key_0123456789abcdef",
        wire_name="gen4.5",
        accepted={"id": "task-1", "estimatedCost": {"credits": 60}},
        render_id="task-1",
        running=names,
        failed=(Told(body=names | {"status": "FAILED"} | refused),),
        finished=(Told(body=names | {"status": "SUCCEEDED", "output": ["{base}/film.mp4"]}), FILM),
        refused={"error": "no"},
        busy={"error": "no", "code": "busy"},
    )
