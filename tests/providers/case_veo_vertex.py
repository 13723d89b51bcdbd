"""Veo's case of the contract. A fixed token stands for the service account, which tests of its own are about."""

import httpx
from contract_case import FILM, Case
from raw_service import Told

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.veo_vertex import VeoVertex

TOKEN = "ya29.contract-0123456789"
OPERATION = "projects/p/locations/us-central1/publishers/google/models/veo-3.1-lite-generate-001/operations/op-1"


async def _token() -> str:
    return TOKEN


def _made(client: httpx.AsyncClient, protocol: Protocol, clock: Clock) -> VeoVertex:
    return VeoVertex(client, protocol, files=client, token=_token, bucket="gs://films")


def case() -> Case:
    filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Support codes: 58061214"]}
    videos = {"videos": [{"gcsUri": "gs://films/1/sample_0.mp4", "mimeType": "video/mp4"}]}
    return Case(
        key="veo_vertex",
        make=_made,
        authorization=f"Bearer {TOKEN}",
        wire_name="veo-3.1-lite-generate-001",
        accepted={"name": OPERATION},
        render_id=OPERATION,
        running={"name": OPERATION},
        state_field="done",
        failed=(Told(body={"name": OPERATION, "done": True, "response": filtered}),),
        finished=(Told(body={"name": OPERATION, "done": True, "response": videos}), FILM),
        refused={"error": {"code": 400, "message": "no"}},
        busy={"error": {"code": "busy", "message": "no"}},
    )
