"""What is wrong with a wish, field by field, with what would do instead. Pure."""

from collections.abc import Iterable, Sequence

from bot.catalogue.model import Audio, Model
from bot.jobs.wish import Complaint, Problem, Wish


def complaints_of(
    settled: Wish, given: Wish, named: Model | None, models: Sequence[Model], offered: Sequence[Model]
) -> tuple[Complaint, ...]:
    """Everything wrong with a wish at once. `models` are those that may make it, `offered` all there are.

    Auto translates a length that no model has (the card says so); a named model is taken at its word.
    """
    return tuple(
        complaint
        for complaint in (
            _prompt(settled, models, offered),
            _length(given, named),
            _shape(given, models, named),
            _resolution(given, models, named),
            _audio(given, named),
            _seed(given, named),
            _picture(given, named),
        )
        if complaint is not None
    )


def _prompt(wish: Wish, models: Sequence[Model], offered: Sequence[Model]) -> Complaint | None:
    if not wish.prompt.strip():
        return Complaint(problem=Problem.PROMPT_EMPTY, given="")
    if not models or any(_takes(each, wish.prompt) for each in models):
        return None
    longest = max(models, key=lambda each: each.prompt_limit)
    roomy = next((each for each in offered if _takes(each, wish.prompt)), None)
    return Complaint(
        problem=Problem.PROMPT_TOO_LONG,
        given=f"{longest.prompt_unit.measure(wish.prompt):,}",
        allowed=(f"{longest.prompt_limit:,}",),
        model_label=longest.label,
        suggestion=roomy.name if roomy is not None else "",
    )


def _length(given: Wish, named: Model | None) -> Complaint | None:
    if named is None or given.length_s is None or given.length_s in named.lengths_s:
        return None
    return Complaint(
        problem=Problem.LENGTH,
        given=f"{given.length_s} s",
        allowed=tuple(f"{each} s" for each in named.lengths_s),
        model_label=named.label,
        suggestion=str(nearest(given.length_s, named.lengths_s)),
    )


def _shape(given: Wish, models: Sequence[Model], named: Model | None) -> Complaint | None:
    shapes = tuple(dict.fromkeys(shape for each in models for shape in each.shapes))
    if given.shape is None or given.shape in shapes or not shapes:
        return None
    return Complaint(
        problem=Problem.SHAPE,
        given=given.shape.value,
        allowed=tuple(each.value for each in shapes),
        model_label=named.label if named is not None else "",
    )


def _resolution(given: Wish, models: Sequence[Model], named: Model | None) -> Complaint | None:
    resolutions = tuple(dict.fromkeys(one for each in models for one in each.resolutions))
    if given.resolution is None or given.resolution in resolutions or not resolutions:
        return None
    return Complaint(
        problem=Problem.RESOLUTION,
        given=given.resolution,
        allowed=resolutions,
        model_label=named.label if named is not None else "",
    )


def _audio(given: Wish, named: Model | None) -> Complaint | None:
    if named is None or given.audio is None or named.audio is Audio.SWITCH:
        return None
    if given.audio is (named.audio is Audio.ALWAYS):
        return None
    allowed = "on" if named.audio is Audio.ALWAYS else "off"
    return Complaint(
        problem=Problem.AUDIO, given="on" if given.audio else "off", allowed=(allowed,), model_label=named.label
    )


def _seed(given: Wish, named: Model | None) -> Complaint | None:
    if named is None or given.seed is None or named.seed:
        return None
    return Complaint(problem=Problem.SEED, given=str(given.seed), model_label=named.label)


def _picture(given: Wish, named: Model | None) -> Complaint | None:
    if named is None:
        return None
    if given.picture_id is not None and named.picture_wire_name is None:
        return Complaint(problem=Problem.PICTURE, given="a picture", model_label=named.label)
    if given.picture_id is None and named.wire_name is None:
        return Complaint(problem=Problem.PICTURE, given="", allowed=("a picture",), model_label=named.label)
    return None


def _takes(model: Model, prompt: str) -> bool:
    return model.prompt_unit.measure(prompt) <= model.prompt_limit


def nearest(length_s: int, lengths_s: Iterable[int]) -> int:
    """The closest length there is, the shorter of two."""
    return min(lengths_s, key=lambda each: (abs(each - length_s), each))
