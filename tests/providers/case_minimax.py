"""MiniMax's case of the contract."""

from typing import Any

from contract_case import CATALOGUE, FILM, Case
from raw_service import Told

from bot.providers.minimax import MiniMax


def failed(word: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": word, "message": "no", "http_code": "400"}, "request_id": ""}


def case() -> Case:
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("minimax", "h3"))
    names = {"id": "424010985738629", "model": "MiniMax-H3", "task_type": "generation"}
    refused = {"code": "1026", "message": "video description contains sensitive content"}
    film = {"url": "{base}/film.mp4"}
    return Case(
        key="minimax",
        make=MiniMax,
        authorization="Bearer minimax-contract-0123456789",
        wire_name=str(model.wire_name),
        accepted={"task_id": names["id"]},
        render_id=names["id"],
        running=names,
        around=lambda record: {"task": record},
        failed=(Told(body={"task": names | {"status": "failed", "error": refused}}),),
        finished=(Told(body={"task": names | {"status": "succeeded", "content": film}}), FILM),
        refused=failed("x"),
        busy=failed("busy"),
        extra=model.wire,
    )
