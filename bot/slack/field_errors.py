"""Where in the form a complaint stands, and which choice can be given up for it."""

from bot.jobs.wish import Complaint, Problem
from bot.slack.ids import ActionId
from bot.slack.payloads import Form
from bot.slack.views.answer_words import complaint_words

FIELD_OF = {
    Problem.PROMPT_EMPTY: ActionId.FORM_PROMPT,
    Problem.PROMPT_TOO_LONG: ActionId.FORM_PROMPT,
    Problem.MODEL_UNKNOWN: ActionId.FORM_MODEL,
    Problem.MODEL_RETIRED: ActionId.FORM_MODEL,
    Problem.LENGTH: ActionId.FORM_LENGTH,
    Problem.SHAPE: ActionId.FORM_SHAPE,
    Problem.RESOLUTION: ActionId.FORM_RESOLUTION,
    Problem.AUDIO: ActionId.FORM_AUDIO,
    Problem.SEED: ActionId.FORM_SEED,
    Problem.PICTURE: ActionId.FORM_PICTURE,
    Problem.NO_SERVICE: ActionId.FORM_MODEL,
}
GIVEN_UP_FOR = {
    Problem.MODEL_UNKNOWN: "model",
    Problem.MODEL_RETIRED: "model",
    Problem.LENGTH: "length_s",
    Problem.SHAPE: "shape",
    Problem.RESOLUTION: "resolution",
    Problem.AUDIO: "audio",
    Problem.SEED: "seed",
}
"""Values a select or a field can be given up for; a prompt or a picture never is."""


def errors_at(complaints: tuple[Complaint, ...], form: Form) -> dict[str, str]:
    """At the field where there is one, else at the prompt; several at one field are joined."""
    errors: dict[str, str] = {}
    for each in complaints:
        block = form.blocks.get(FIELD_OF[each.problem]) or form.prompt_block
        errors[block] = f"{errors.get(block, '')} {complaint_words(each)}".strip()
    return errors
