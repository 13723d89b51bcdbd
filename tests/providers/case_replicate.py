"""Replicate's case of the contract."""

from contract_case import CATALOGUE, FILM, PROMPT, Case
from raw_service import Told

from bot.providers.replicate import Replicate


def case() -> Case:
    model = next(each for each in CATALOGUE.models if each.protocol == "replicate")
    names = {"id": "p-1", "model": model.wire_name, "input": {"prompt": PROMPT}, "created_at": "2026-11-21T09:00:00Z"}
    flagged = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
    return Case(
        key="replicate",
        make=Replicate,
        authorization="Bearer r8_contract0123456789",
        wire_name=str(model.wire_name),
        accepted=names | {"status": "starting"},
        render_id="p-1",
        running=names,
        failed=(Told(body=names | {"status": "failed", "error": flagged}),),
        finished=(Told(body=names | {"status": "succeeded", "output": "{base}/film.mp4"}), FILM),
        refused={"title": "no", "detail": "no", "status": 400},
        busy={"type": "busy", "title": "no", "detail": "no"},
        extra=model.wire,
    )
