"""Values to draw and to answer with, each with one thing after another changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.catalogue.model import Audio, Billing, Model, ModelClass, Price, PromptUnit, Shape
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import Job, JobRecord, JobState, Order, Place
from bot.jobs.wish import Offer, Standing, Wish

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NASTY = "<!channel> & <@U123> *bold* <https://evil.example|click> `x` ~y~"
LONG = "A very long wish. " * 200 + "End."


def wish(**changes):
    made = Wish(team_id="T1", user_id="U1", place=Place(slack_channel_id="C1"), prompt="a corgi surfing at sunset")
    return replace(made, **changes)


def order(**changes):
    made = Order(
        team_id="T1",
        user_id="U1",
        place=Place(slack_channel_id="C1"),
        prompt="a corgi surfing at sunset",
        model="seedance-fast",
        model_class=ModelClass.FAST,
        length_s=8,
        shape=Shape.WIDE,
        resolution="720p",
    )
    return replace(made, **changes)


def job(*, wish=None, **changes):
    made = Job(
        id="job1",
        number=142,
        order=order(),
        state=JobState.QUEUED,
        state_since=NOW,
        created_at=NOW - timedelta(minutes=2),
        held_usd_micros=800_000,
        catalogue_version="2026-11-21",
    )
    if wish is not None:
        said = order(
            team_id=wish.team_id,
            user_id=wish.user_id,
            place=wish.place,
            prompt=wish.prompt,
            length_s=wish.length_s or 5,
            picture_id=wish.picture_id,
        )
        made = replace(made, order=said)
    return replace(made, **changes)


def attempt(**changes):
    made = Attempt(
        id="try1",
        job_id="job1",
        team_id="T1",
        number=1,
        upstream="fal",
        model="seedance-fast",
        wire_name="fal-ai/seedance",
        length_s=8,
        size_px=(1280, 720),
        usd_micros=800_000,
        state=AttemptState.SUBMITTED,
        intent_at=NOW - timedelta(seconds=70),
        deadline_at=NOW,
        webhook_token="t",
        submitted_at=NOW - timedelta(seconds=65),
    )
    return replace(made, **changes)


def record(made=None, *attempts):
    made = made or job()
    if attempts and made.attempt_id is None:
        made = replace(made, attempt_id=attempts[-1].id)
    return JobRecord(job=made, attempts=attempts)


def facts(**changes):
    made = CardFacts(
        service_label="fal",
        model_label="Seedance 2.0 Fast",
        receives="fal and ByteDance",
        typical=timedelta(seconds=120),
        queue_place=0,
        can_cancel=True,
        is_preview=False,
        free=False,
        service_down_words="",
        elsewhere_usd_micros=None,
    )
    return replace(made, **changes)


def standing(**changes):
    made = Standing(
        scope="person",
        period="day",
        usd_micros_max=5_000_000,
        usd_micros_used=1_600_000,
        usd_micros_reserved=800_000,
        clips_max=None,
        clips_used=2,
        resets_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return replace(made, **changes)


def offer(**changes):
    made = Offer(
        wish=wish(),
        complaints=(),
        model_label="Seedance 2.0 Fast",
        model_name="seedance-fast",
        model_class=ModelClass.FAST,
        length_s=8,
        shape=Shape.WIDE,
        resolution="720p",
        usd_micros=800_000,
        usd_micros_is_ceiling=False,
        free=False,
        standings=(standing(),),
        typical=timedelta(seconds=120),
        health_words="All good",
        receives="fal and ByteDance",
        lengths_s=(4, 8, 12),
        shapes=(Shape.WIDE, Shape.VERTICAL, Shape.SQUARE),
        resolutions=("720p", "1080p"),
    )
    return replace(made, **changes)


def model(name, label, **changes):
    made = Model(
        name=name,
        label=label,
        model_class=ModelClass.FAST,
        protocol="fal",
        wire_name=f"fal-ai/{name}",
        picture_wire_name=f"fal-ai/{name}/image",
        lengths_s=(4, 8, 12),
        sizes_px={(shape, "720p"): (1280, 720) for shape in Shape},
        audio=Audio.SWITCH,
        seed=True,
        prompt_limit=2000,
        prompt_unit=PromptUnit.CHARACTERS,
        price=Price(billing=Billing.PER_SECOND, usd_micros={"720p": 100_000}),
        typical_s=120,
        slow_s=300,
        receives="fal and ByteDance",
    )
    return replace(made, **changes)


MODELS = (
    model("seedance-fast", "Seedance 2.0 Fast"),
    model("kling-pro", "Kling 3 Pro", model_class=ModelClass.PRO, lengths_s=(5, 10), audio=Audio.ALWAYS),
)
