"""What the adapter makes of answers that Vertex is known to give. Each file of the folder is one test."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from contract_case import CATALOGUE
from orders import an_order
from raw_service import Told, raw_service
from replayed import Replay, exchanges_of, replay

from bot.providers.base import Picture, RenderRef, RenderState, RenderStatus
from bot.providers.transport import opened_client
from bot.providers.veo_vertex import VeoVertex, vertex_base_url

TOKEN = "ya29.replayed-0123456789"
NAME = "projects/p/locations/us-central1/publishers/google/models/veo-3.1-lite-generate-001/operations/op-1"
ORDER = an_order(
    prompt="a secret prompt",
    wire_name="veo-3.1-lite-generate-001",
    length_s=4,
    webhook_url="https://bot.example/hooks/1",
)
PICTURE = Picture(content=b"\xff\xd8\xe0", mime="image/jpeg")


async def token() -> str:
    return TOKEN


def made(client: httpx.AsyncClient) -> VeoVertex:
    protocol = CATALOGUE.protocols["veo_vertex"]
    return VeoVertex(client, protocol, files=client, token=token, bucket="gs://films/sora")


HOW = Replay(make=made, headers={}, key=TOKEN, order=ORDER, refs=(RenderRef(render_id=NAME),))


@pytest.mark.parametrize("path", exchanges_of("veo_vertex"), ids=lambda path: path.stem)
async def test_an_answer_of_vertex_is_understood(path: Path) -> None:
    with_picture = json.loads(path.read_text()).get("picture", False)
    await replay(path, replace(HOW, order=replace(ORDER, picture=PICTURE)) if with_picture else HOW)


def test_a_project_has_its_address_in_a_region_or_everywhere() -> None:
    here = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1"
    assert vertex_base_url("p", "us-central1") == here
    assert vertex_base_url("p", "global") == "https://aiplatform.googleapis.com/v1/projects/p/locations/global"


async def test_a_bucket_is_written_as_google_writes_it() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ValueError, match="gs://name"):
            VeoVertex(client, CATALOGUE.protocols["veo_vertex"], files=client, token=token, bucket="films")


async def test_the_token_stays_behind_when_the_bucket_sends_us_elsewhere() -> None:
    async with raw_service(Told(body=b"film")) as elsewhere:
        moved = Told(status=302, headers={"Location": f"{elsewhere.base}/film.mp4"})
        async with raw_service(moved) as bucket:
            async with opened_client(
                base_url=bucket.base,
                headers={},
                submit_timeout_s=1,
                status_timeout_s=1,
                trusted_origins=frozenset({elsewhere.base}),
            ) as client:
                done = RenderStatus(state=RenderState.SUCCEEDED, result_ref="gs://films/1.mp4")
                async with made(client).download(RenderRef(render_id=NAME), done) as download:
                    assert b"".join([each async for each in download.chunks]) == b"film"
    assert bucket.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in elsewhere.asked[0].headers
