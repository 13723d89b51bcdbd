"""Kling's cases of the contract: the style with an API key, and the older one."""

from typing import Any

from contract_case import CATALOGUE, FILM, Case
from raw_service import Told

from bot.providers.kling import Kling
from bot.providers.kling_legacy import KlingLegacy

REFUSED = "Failure to pass the risk control system"
AUTHORIZATION = "Bearer kling-contract-0123456789"


def said(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "req-1", "data": data}


def failed(code: Any) -> dict[str, Any]:
    return {"code": code, "message": "no", "request_id": ""}


def case() -> Case:
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("kling", "kling-3.0"))
    names = {"id": "893605946402811985", "message": "", "external_id": "attempt-1"}
    film = [{"type": "video", "id": "v-1", "url": "{base}/film.mp4", "duration": "5"}]
    return Case(
        key="kling",
        make=Kling,
        authorization=AUTHORIZATION,
        wire_name=str(model.wire_name),
        accepted=said(names | {"status": "submitted"}),
        render_id=names["id"],
        running=names,
        around=lambda record: said([record]),
        failed=(Told(body=said([names | {"status": "failed", "message": REFUSED}])),),
        finished=(Told(body=said([names | {"status": "succeeded", "outputs": film}])), FILM),
        refused=failed(9999),
        busy=failed("busy"),
        extra=model.wire,
    )


def legacy_case() -> Case:
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("kling_legacy", "kling-3.0"))
    names = {"task_id": "831922345719271433", "task_info": {"external_task_id": "attempt-1"}}
    film = {"videos": [{"id": "v-1", "url": "{base}/film.mp4", "duration": "5"}]}
    return Case(
        key="kling_legacy",
        make=KlingLegacy,
        authorization=AUTHORIZATION,
        wire_name=str(model.wire_name),
        accepted=said(names | {"task_status": "submitted"}),
        render_id="831922345719271433",
        running=names,
        state_field="task_status",
        around=said,
        failed=(Told(body=said(names | {"task_status": "failed", "task_status_msg": REFUSED})),),
        finished=(Told(body=said(names | {"task_status": "succeed", "task_result": film})), FILM),
        refused=failed(9999),
        busy=failed("busy"),
        extra=model.wire,
    )
