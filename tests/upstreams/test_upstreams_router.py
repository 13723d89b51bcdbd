from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from configured_upstreams import a_model, an_upstream, per_second, wanted
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.model import Audio, Billing, Model, ModelClass, Price, PromptUnit, Shape, Tier
from bot.upstreams.circuit import Circuit, CircuitState, observed
from bot.upstreams.fitting import Wanted
from bot.upstreams.policy import TIER_RANK, LearnedTimes, Policy, Routing
from bot.upstreams.quotes import Quote, quote
from bot.upstreams.registry import Upstream
from bot.upstreams.router import Plan, Reason, model_circuit, plan

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def planned(
    asked: Wanted,
    *upstreams: Upstream,
    circuits: Mapping[str, Circuit] | None = None,
    tried: frozenset[tuple[str, str]] = frozenset(),
    job_id: str = "j1",
    routing: Routing = Routing(accepts_reverse=True),
    learned: LearnedTimes | None = None,
) -> Plan:
    return plan(asked, upstreams, circuits or {}, tried, job_id, NOW, routing=routing, learned=learned or {})


def names(found: Plan) -> list[str]:
    return [each.upstream for each in found.candidates]


def out(kind: str = "capacity") -> Circuit:
    circuit = None
    for _ in range(3):
        circuit = observed(circuit, error_kind=kind, now=NOW)
    assert circuit is not None
    return circuit


def priced(usd_micros: int, name: str = "reed") -> Model:
    return a_model(name, price=per_second(usd_micros))


def test_official_first_then_priority_then_the_cheaper() -> None:
    found = planned(
        wanted(),
        an_upstream("cheap", priced(10)),
        an_upstream("preferred", priced(50), priority=5),
        an_upstream("maker", priced(90), tier=Tier.OFFICIAL),
        an_upstream("unofficial", priced(1), tier=Tier.REVERSE, priority=9),
        an_upstream("dear", priced(40)),
        an_upstream("mine", priced(20), tier=Tier.SELF_HOSTED),
    )
    assert names(found) == ["maker", "preferred", "cheap", "mine", "dear", "unofficial"]


@pytest.mark.parametrize(
    ("routing", "order"),
    [
        (Routing(), ["maker", "cheap", "quick"]),
        (Routing(policy=Policy.CHEAPEST), ["cheap", "quick", "maker"]),
        (Routing(policy=Policy.FASTEST), ["quick", "maker", "cheap"]),
        (Routing(preferred=("quick/reed", "cheap")), ["quick", "cheap", "maker"]),
        (Routing(policy=Policy.CHEAPEST, preferred=("maker",)), ["maker", "cheap", "quick"]),
        (Routing(policy=Policy.CHEAPEST, disabled=frozenset({"cheap"})), ["quick", "maker"]),
        (Routing(disabled=frozenset({"maker/reed"})), ["cheap", "quick"]),
        (Routing(disabled=frozenset({"reed"})), []),
        (Routing(accepts_reverse=True, policy=Policy.CHEAPEST), ["unofficial", "cheap", "quick", "maker"]),
        (Routing(accepts_reverse=True, reverse_not_in=frozenset({"C1"})), ["maker", "cheap", "quick"]),
    ],
)
def test_the_operator_says_whom_to_ask_first_and_whom_never(routing: Routing, order: list[str]) -> None:
    found = planned(
        wanted(slack_channel_id="C1"),
        an_upstream("cheap", priced(10)),
        an_upstream("quick", a_model(price=per_second(20), typical_s=30)),
        an_upstream("maker", priced(90), tier=Tier.OFFICIAL),
        an_upstream("unofficial", priced(1), tier=Tier.REVERSE),
        routing=routing,
    )
    assert names(found) == order
    assert {each.upstream for each in found.skipped} == {"cheap", "quick", "maker", "unofficial"} - set(order)
    assert {each.reason for each in found.skipped} <= {Reason.DISABLED, Reason.UNOFFICIAL}
    assert all(each.words.startswith(f"Reed at {each.upstream.upper()} is ") for each in found.skipped)


def test_what_videos_took_lately_counts_more_than_what_a_catalogue_says() -> None:
    services = [an_upstream("a", a_model(typical_s=30)), an_upstream("b", a_model(typical_s=60))]
    lately = {("a", "reed"): 300.0}
    found = planned(wanted(), *services, routing=Routing(policy=Policy.FASTEST), learned=lately)
    assert names(found) == ["b", "a"]


def test_the_cheapest_is_not_who_makes_less_of_what_was_asked() -> None:
    short, right = an_upstream("short", a_model(lengths_s=(4,))), an_upstream("right", a_model(lengths_s=(8,)))
    assert names(planned(wanted(), short, right, routing=Routing(policy=Policy.CHEAPEST))) == ["right", "short"]


def test_two_services_that_are_alike_keep_one_order_however_the_file_lists_them() -> None:
    twins = [an_upstream("a", a_model()), an_upstream("b", a_model())]
    assert names(planned(wanted(), *twins)) == names(planned(wanted(), *reversed(twins))) == ["a", "b"]


def test_under_auto_the_nearest_length_is_made_and_said() -> None:
    found = planned(wanted(length_s=10), an_upstream("fal", a_model(lengths_s=(4, 8))))
    assert found.candidates[0].length_s == 8
    assert found.candidates[0].usd_micros == 800_000
    assert found.candidates[0].note == "You asked 10 s; this model makes 8 s"


def test_between_two_lengths_equally_near_the_shorter_is_made() -> None:
    assert planned(wanted(length_s=6), an_upstream("fal", a_model(lengths_s=(4, 8)))).candidates[0].length_s == 4


def test_who_makes_the_length_asked_for_comes_before_who_is_cheaper_by_making_less() -> None:
    found = planned(
        wanted(length_s=10),
        an_upstream("short", a_model(lengths_s=(4,))),
        an_upstream("right", a_model(lengths_s=(10,))),
    )
    assert names(found) == ["right", "short"]
    assert found.candidates[0].note == ""


def test_a_named_model_is_never_made_at_another_length() -> None:
    found = planned(wanted(model="reed", length_s=10), an_upstream("fal", a_model()))
    assert [each.reason for each in found.skipped] == [Reason.LENGTH]
    assert found.skipped[0].words == "Reed at FAL makes videos of 4, 8 or 12 s, not of 10 s"


@pytest.mark.parametrize(
    ("asked", "model", "reason"),
    [
        (wanted(model="oboe"), a_model(), Reason.OTHER_MODEL),
        (wanted(model_class=ModelClass.PRO), a_model(), Reason.OTHER_CLASS),
        (wanted(), a_model(retires_at=NOW), Reason.RETIRED),
        (wanted(shape=Shape.SQUARE), a_model(), Reason.SHAPE),
        (wanted(resolution="4k"), a_model(), Reason.RESOLUTION),
        (wanted(shape=Shape.VERTICAL, resolution="1080p"), a_model(), Reason.RESOLUTION),
        (wanted(audio=True), a_model(audio=Audio.NEVER), Reason.AUDIO),
        (wanted(audio=False), a_model(audio=Audio.ALWAYS), Reason.AUDIO),
        (wanted(seed=7), a_model(seed=False), Reason.SEED),
        (wanted(prompt="x" * 2001), a_model(), Reason.PROMPT),
        (wanted(has_picture=True), a_model(picture_wire_name=None), Reason.PICTURE),
        (wanted(), a_model(wire_name=None), Reason.NEEDS_PICTURE),
        (wanted(), a_model(price=Price(billing=Billing.PER_CLIP, usd_micros={"1080p": 5})), Reason.NO_PRICE),
        (wanted(usd_micros_max=799_999), a_model(), Reason.DEARER),
    ],
)
def test_what_a_model_cannot_do_is_a_reason_in_words(asked: Wanted, model: Model, reason: Reason) -> None:
    found = planned(asked, an_upstream("fal", model))
    assert found.candidates == ()
    assert [each.reason for each in found.skipped] == [reason]
    assert found.skipped[0].words.startswith("Reed at FAL ")
    assert not found.waits_for_health


@pytest.mark.parametrize(
    ("unit", "limit", "fits"),
    [
        (PromptUnit.CHARACTERS, 2, True),
        (PromptUnit.CHARACTERS, 1, False),
        (PromptUnit.UTF16_UNITS, 3, True),
        (PromptUnit.UTF16_UNITS, 2, False),
        (PromptUnit.UTF8_BYTES, 6, True),
        (PromptUnit.UTF8_BYTES, 5, False),
    ],
)
def test_a_prompt_is_measured_in_the_models_own_unit(unit: PromptUnit, limit: int, fits: bool) -> None:
    found = planned(wanted(prompt="é🐕"), an_upstream("fal", a_model(prompt_unit=unit, prompt_limit=limit)))
    assert bool(found.candidates) is fits


def test_a_picture_goes_to_the_models_picture_endpoint() -> None:
    fal = an_upstream("fal", a_model())
    assert planned(wanted(), fal).candidates[0].wire_name == "acme/reed/text"
    assert planned(wanted(has_picture=True), fal).candidates[0].wire_name == "acme/reed/picture"


def test_a_service_that_is_out_is_skipped_until_it_may_be_tried() -> None:
    found = planned(wanted(), an_upstream("fal", a_model()), circuits={"fal": out()})
    assert [each.reason for each in found.skipped] == [Reason.SUSPENDED]
    assert found.waits_for_health
    assert found.retry_at == NOW + timedelta(seconds=30)


def test_only_the_job_on_trial_may_go_to_a_service_that_is_half_open() -> None:
    trial = Circuit(state=CircuitState.HALF_OPEN, since=NOW, trial_job_id="j1", trial_until=NOW + timedelta(minutes=9))
    fal = an_upstream("fal", a_model())
    assert names(planned(wanted(), fal, circuits={"fal": trial}, job_id="j1")) == ["fal"]
    other = planned(wanted(), fal, circuits={"fal": trial}, job_id="j2")
    assert other.retry_at == NOW + timedelta(minutes=9)


def test_a_retired_model_of_a_service_leaves_its_other_models_alone() -> None:
    fal = an_upstream("fal", a_model("old"), a_model("new"))
    gone = observed(None, error_kind="retired", now=NOW)
    found = planned(wanted(), fal, circuits={model_circuit("fal", "old"): gone})
    assert [each.model.name for each in found.candidates] == ["new"]
    assert [each.reason for each in found.skipped] == [Reason.RETIRED]
    assert not found.waits_for_health


def test_a_service_that_lost_a_submit_a_moment_ago_comes_last_but_still_serves_alone() -> None:
    lost = {"maker": observed(None, error_kind="outcome_unknown", now=NOW)}
    maker, relay = an_upstream("maker", priced(9), tier=Tier.OFFICIAL), an_upstream("relay", priced(99))
    assert names(planned(wanted(), maker, relay, circuits=lost)) == ["relay", "maker"]
    assert names(planned(wanted(), maker, circuits=lost)) == ["maker"]


def test_the_preview_serves_only_where_nothing_else_is_configured() -> None:
    preview = an_upstream("preview", a_model("preview", price=Price(billing=Billing.FREE)), tier=Tier.PREVIEW)
    fal = an_upstream("fal", a_model())
    assert names(planned(wanted(), preview)) == ["preview"]
    assert names(planned(wanted(model_class=ModelClass.PRO), preview)) == ["preview"]
    assert names(planned(wanted(), preview, fal, circuits={"fal": out()})) == []
    assert names(planned(wanted(model="preview"), preview, fal)) == ["preview"]


def test_a_preview_under_a_real_models_name_does_not_underbid_it() -> None:
    preview = an_upstream("preview", a_model("reed", price=Price(billing=Billing.FREE)), tier=Tier.PREVIEW)
    found = planned(wanted(model="reed"), preview, an_upstream("fal", a_model("reed")))
    assert names(found) == ["fal"]


def test_a_price_before_the_click_is_the_first_candidates_under_a_name() -> None:
    found = quote(
        wanted(model="reed"),
        [
            an_upstream("maker", priced(100), tier=Tier.OFFICIAL),
            an_upstream("a", priced(60)),
            an_upstream("b", priced(120)),
        ],
        {},
        NOW,
    )
    assert isinstance(found, Quote)
    assert (found.usd_micros, found.is_ceiling, found.down) == (800, True, False)
    assert [each.upstream for each in found.candidates] == ["maker", "a"]


def test_auto_shows_a_little_more_where_only_that_lets_another_service_take_over() -> None:
    maker = an_upstream("maker", priced(100), tier=Tier.OFFICIAL)
    near = quote(wanted(), [maker, an_upstream("b", priced(120))], {}, NOW)
    far = quote(wanted(), [maker, an_upstream("b", priced(201))], {}, NOW)
    assert isinstance(near, Quote)
    assert isinstance(far, Quote)
    assert (near.usd_micros, near.is_ceiling, len(near.candidates)) == (960, True, 2)
    assert (far.usd_micros, far.is_ceiling, len(far.candidates)) == (800, False, 1)


def test_while_all_are_out_the_price_is_that_of_those_who_will_be_back() -> None:
    gone = an_upstream("gone", priced(5))
    found = quote(wanted(), [gone, an_upstream("fal", priced(100))], {"fal": out(), "gone": out("retired")}, NOW)
    assert isinstance(found, Quote)
    assert found.down
    assert found.usd_micros == 800
    assert found.retry_at == NOW + timedelta(seconds=30)


def test_what_nobody_can_make_has_no_price_but_reasons() -> None:
    found = quote(wanted(seed=1), [an_upstream("fal", a_model(seed=False))], {"fal": out()}, NOW)
    assert isinstance(found, Plan)
    assert [each.reason for each in found.skipped] == [Reason.SEED]


models_drawn = st.lists(
    st.builds(
        a_model,
        st.sampled_from(["reed", "oboe", "flute"]),
        model_class=st.sampled_from(ModelClass),
        lengths_s=st.sampled_from([(4, 8, 12), (5, 10), (6,)]),
        audio=st.sampled_from(Audio),
        seed=st.booleans(),
        price=st.sampled_from(
            [per_second(10), per_second(90), Price(billing=Billing.FREE), Price(billing=Billing.PER_CLIP)]
        ),
        picture_wire_name=st.none() | st.just("p"),
        retires_at=st.none() | st.just(NOW),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.name,
)
upstreams_drawn = st.lists(
    st.tuples(st.sampled_from(Tier), st.integers(0, 2), models_drawn), min_size=1, max_size=5
).map(
    lambda drawn: [
        an_upstream(f"u{number}", *models, tier=tier, priority=priority)
        for number, (tier, priority, models) in enumerate(drawn)
    ]
)
wanted_drawn = st.builds(
    wanted,
    model=st.none() | st.sampled_from(["reed", "oboe"]),
    model_class=st.sampled_from(ModelClass),
    length_s=st.sampled_from([4, 5, 8, 10]),
    audio=st.none() | st.booleans(),
    has_picture=st.booleans(),
    usd_micros_max=st.none() | st.integers(0, 800),
)
circuits_drawn = st.dictionaries(
    st.sampled_from([f"u{number}" for number in range(5)]),
    st.sampled_from([out(), out("retired"), out("auth"), observed(None, error_kind=None, now=NOW)]),
)
tried_drawn = st.frozensets(
    st.tuples(st.sampled_from([f"u{number}" for number in range(5)]), st.sampled_from(["reed", "oboe", "flute"]))
)


@given(asked=wanted_drawn, upstreams=upstreams_drawn, circuits=circuits_drawn, tried=tried_drawn)
def test_everything_configured_is_a_candidate_or_skipped_for_a_reason_and_no_candidate_breaks_a_promise(
    asked: Wanted, upstreams: list[Upstream], circuits: dict[str, Circuit], tried: frozenset[tuple[str, str]]
) -> None:
    found = plan(asked, upstreams, circuits, tried, "j1", NOW)
    everything = sorted((upstream.name, model.name) for upstream in upstreams for model in upstream.models)
    sorted_out = [(each.upstream, each.model.name) for each in found.candidates]
    sorted_out += [(each.upstream, each.model) for each in found.skipped]
    assert sorted(sorted_out) == everything
    assert all(each.words for each in found.skipped)
    by_name = {each.name: each for each in upstreams}
    for each in found.candidates:
        assert asked.usd_micros_max is None or each.usd_micros <= asked.usd_micros_max
        assert (each.upstream, each.model.name) not in tried
        assert each.length_s in each.model.lengths_s
        assert each.size_px == each.model.sizes_px[asked.shape, asked.resolution]
        assert each.usd_micros == each.model.price.of(length_s=each.length_s, resolution=asked.resolution)
        assert asked.model in {None, each.model.name}
        assert asked.model is None or each.length_s == asked.length_s
        assert (each.note == "") == (each.length_s == asked.length_s)
        assert each.upstream not in circuits or circuits[each.upstream].is_closed
    tiers = {by_name[each.upstream].tier for each in found.candidates}
    assert Tier.PREVIEW not in tiers or tiers == {Tier.PREVIEW}
    if asked.model is None and any(each.tier is not Tier.PREVIEW for each in upstreams):
        assert Tier.PREVIEW not in tiers


@given(asked=wanted_drawn, upstreams=upstreams_drawn, circuits=circuits_drawn, data=st.data())
def test_the_order_does_not_depend_on_how_the_file_was_written_and_keeps_to_the_policy(
    asked: Wanted, upstreams: list[Upstream], circuits: dict[str, Circuit], data: st.DataObject
) -> None:
    found = plan(asked, upstreams, circuits, frozenset(), "j1", NOW)
    shuffled: Sequence[Upstream] = data.draw(st.permutations(upstreams))
    assert plan(asked, shuffled, circuits, frozenset(), "j1", NOW).candidates == found.candidates
    by_name = {each.name: each for each in upstreams}
    ranks = [(TIER_RANK[by_name[each.upstream].tier], -by_name[each.upstream].priority) for each in found.candidates]
    assert ranks == sorted(ranks)


@given(asked=wanted_drawn, upstreams=upstreams_drawn, circuits=circuits_drawn)
def test_failing_over_from_one_candidate_to_the_next_ends_and_never_passes_the_price_shown(
    asked: Wanted, upstreams: list[Upstream], circuits: dict[str, Circuit]
) -> None:
    shown = quote(asked, upstreams, circuits, NOW)
    if not isinstance(shown, Quote) or shown.down:
        return
    promised = wanted(**{name: getattr(asked, name) for name in asked.__slots__} | {"usd_micros_max": shown.usd_micros})
    tried: set[tuple[str, str]] = set()
    served = []
    while candidates := plan(promised, upstreams, circuits, frozenset(tried), "j1", NOW).candidates:
        first = candidates[0]
        assert first.usd_micros <= shown.usd_micros
        tried.add((first.upstream, first.model.name))
        served.append(first)
    assert tuple(served) == shown.candidates
