"""A local corner of Google Cloud: tokens for a service account, Veo on Vertex and the bucket its films go to.

One server for the three hosts. Renders by the clock it is given; tokens are judged by google-auth, so by the
time of the machine.
"""

import base64
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from bot.clock import Clock

PARAMETERS = {
    "sampleCount", "durationSeconds", "aspectRatio", "resolution", "generateAudio", "storageUri", "seed",
}  # fmt: skip
AUDIENCE = "https://oauth2.googleapis.com/token"
EMAIL = "sora@p.iam.gserviceaccount.com"


@dataclass(kw_only=True)
class Prediction:
    name: str
    request: dict[str, Any]
    begun: datetime
    ending: str
    """made | filtered | failed"""


@dataclass(kw_only=True)
class VertexDouble:
    clock: Clock
    film: bytes
    private_key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    render_s: float = 60
    ending: str = "made"
    base_url: str = ""
    predictions: dict[str, Prediction] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    lost_answers: int = 0
    """So many submits are carried out and then cut off."""
    asked: list[str] = field(default_factory=list)
    _count: Any = field(default_factory=lambda: itertools.count(1))

    def account(self) -> dict[str, str]:
        """The JSON key that Google would give out."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "key-1",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "token_uri": f"{self.base_url}/token",
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.path == "/token":
            return await self._granted(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens[-1:]:
            return _refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.path == "/v1beta1/publishers/google/models":
            return web.json_response({"publisherModels": [{"name": "publishers/google/models/veo-3.1-lite"}]})
        if request.path.startswith("/storage/v1/b/"):
            return self._object(unquote(request.path.removeprefix("/storage/v1/b/")))
        place, _, verb = request.path.removeprefix("/v1/").rpartition(":")
        body = await request.json()
        if verb == "fetchPredictOperation" and body.get("operationName") in self.predictions:
            return web.json_response(self._shown(self.predictions[body["operationName"]]))
        if verb == "predictLongRunning" and place.startswith("projects/p/locations/us-central1/publishers/google/"):
            return await self._predicted(request, place, body)
        return _refused(404, "NOT_FOUND", f"{request.path} was not found")

    async def _granted(self, request: web.Request) -> web.Response:
        public = self.private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        form = await request.post()
        try:
            claims = jwt.decode(str(form["assertion"]), certs={"key-1": public}, audience=AUDIENCE)
        except ValueError as error:
            told = {"error": "invalid_grant", "error_description": f"Invalid JWT Signature. {type(error).__name__}"}
            return web.json_response(told, status=400)
        good = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" and claims["iss"] == EMAIL
        if not good or "https://www.googleapis.com/auth/cloud-platform" not in claims["scope"]:
            return web.json_response({"error": "invalid_scope", "error_description": "no"}, status=400)
        self.tokens.append(f"ya29.token-number-{len(self.tokens) + 1}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"})

    def _object(self, place: str) -> web.Response:
        bucket, _, name = place.partition("/o/")
        made = {self._file(each) for each in self.predictions.values()}
        if f"gs://{bucket}/{name}" not in made:
            return _refused(404, "notFound", f"No such object: {name}")
        return web.Response(body=self.film, content_type="video/mp4")

    async def _predicted(self, request: web.Request, place: str, body: dict[str, Any]) -> web.Response:
        wrong = _wrong(body)
        if wrong:
            return _refused(400, "INVALID_ARGUMENT", wrong)
        name = f"{place}/operations/op-{next(self._count)}"
        self.predictions[name] = Prediction(name=name, request=body, begun=self.clock.now(), ending=self.ending)
        if self.lost_answers and request.transport is not None:
            self.lost_answers -= 1
            request.transport.abort()
        return web.json_response({"name": name})

    def _file(self, prediction: Prediction) -> str:
        return (
            f"{prediction.request['parameters'].get('storageUri', '')}{prediction.name.rpartition('/')[2]}/film 0.mp4"
        )

    def _shown(self, prediction: Prediction) -> dict[str, Any]:
        if self.clock.now() - prediction.begun < timedelta(seconds=self.render_s):
            return {"name": prediction.name}
        ended = {"name": prediction.name, "done": True}
        if prediction.ending == "failed":
            return ended | {"error": {"code": 14, "message": "high load"}}
        if prediction.ending == "filtered":
            reasons = ["Veo could not generate videos. Support codes: 29310472"]
            return ended | {"response": {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": reasons}}
        video = {"gcsUri": self._file(prediction), "mimeType": "video/mp4"}
        if "storageUri" not in prediction.request["parameters"]:
            video = {"bytesBase64Encoded": base64.b64encode(self.film).decode(), "mimeType": "video/mp4"}
        return ended | {"response": {"videos": [video]}}


def _wrong(body: dict[str, Any]) -> str:
    """What Vertex would refuse, in words; "" for a good request."""
    parameters = body.get("parameters", {})
    if unknown := set(parameters) - PARAMETERS:
        return f"Unknown parameters {sorted(unknown)}"
    if not all(each.get("prompt") for each in body.get("instances", [{}])):
        return "no prompt"
    if parameters.get("durationSeconds", 8) not in {4, 6, 8}:
        return "Unsupported output video duration, supported durations are [8,4,6]."
    return "" if parameters.get("aspectRatio", "16:9") in {"16:9", "9:16"} else "Unsupported aspect ratio"


def _refused(status: int, word: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "status": word, "message": message}}, status=status)


@asynccontextmanager
async def running_vertex(*, clock: Clock, film: bytes) -> AsyncIterator[VertexDouble]:
    """Serve on a free port of 127.0.0.1."""
    double = VertexDouble(clock=clock, film=film)
    application = web.Application(client_max_size=32 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", double.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        await runner.cleanup()
