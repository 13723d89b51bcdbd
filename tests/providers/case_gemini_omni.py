"""Gemini Omni's case of the contract."""

from contract_case import FILM, Case
from raw_service import Told

from bot.providers.gemini_omni import GeminiOmni


def case() -> Case:
    names = {"id": "v1_abc", "object": "interaction", "model": "gemini-omni-1.1-flash"}
    said = [{"type": "model_output", "content": [{"type": "text", "text": "I cannot make this video."}]}]
    film = [{"type": "model_output", "content": [{"type": "video", "uri": "{base}/v1beta/files/f1"}]}]
    return Case(
        key="gemini_omni",
        make=GeminiOmni,
        key_header="x-goog-api-key",
        authorization="AIzaContract0123456789",
        wire_name="gemini-omni-1.1-flash",
        accepted=names | {"status": "in_progress"},
        render_id="v1_abc",
        running=names,
        failed=(Told(body=names | {"status": "completed", "steps": said}),),
        finished=(Told(body=names | {"status": "completed", "steps": film}), FILM),
        refused={"error": {"code": "invalid_request", "message": "no"}},
        busy={"error": {"code": "busy", "message": "no"}},
    )
