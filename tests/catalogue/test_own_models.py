"""SORA_VIDEOS_MODELS: one line that says what a server of one's own has and costs."""

import pytest

from bot.catalogue.loader import load_catalogue, own_models
from bot.catalogue.model import Audio, Billing, Catalogue, Model, ModelClass, Shape
from bot.catalogue.problems import CatalogueError


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def own(catalogue: Catalogue, text: str, variant: str = "relay") -> dict[str, Model]:
    protocol = f"openai_videos/{variant}"
    return {
        each.name: each for each in own_models(text, protocol=protocol, catalogue=catalogue, receives="relay.example")
    }


def test_the_line_of_the_documentation_is_understood(catalogue: Catalogue) -> None:
    models = own(catalogue, "minimax/h3=0.072/s, muse=0.30/clip, my-wan=free")
    assert {name: (each.price.billing, set(each.price.usd_micros.values())) for name, each in models.items()} == {
        "minimax/h3": (Billing.PER_SECOND, {72_000}),
        "muse": (Billing.PER_CLIP, {300_000}),
        "my-wan": (Billing.FREE, set()),
    }
    assert {each.receives for each in models.values()} == {"relay.example"}
    assert {each.protocol for each in models.values()} == {"openai_videos/relay"}
    assert [each.wire_name for each in models.values()] == ["minimax/h3", "muse", "my-wan"]


def test_what_is_known_of_a_name_is_taken_over_and_the_price_is_not(catalogue: Catalogue) -> None:
    model = own(catalogue, "MiniMax/H3=0.09/s")["MiniMax/H3"]
    assert model.lengths_s == tuple(range(4, 16))
    assert model.sizes_px[Shape.SQUARE, "768p"] == (768, 768)
    assert model.price.of(length_s=4, resolution="768p") == 360_000
    assert model.wire_name == "MiniMax/H3"


def test_one_price_is_for_one_resolution_where_others_cost_more(catalogue: Catalogue) -> None:
    model = own(catalogue, "gemini-omni-1.2-flash=0.35/clip")["gemini-omni-1.2-flash"]
    assert model.resolutions == ("720p",)
    assert dict(model.price.usd_micros) == {"720p": 350_000}


def test_an_unknown_name_makes_4_8_or_12_seconds_at_720p(catalogue: Catalogue) -> None:
    model = own(catalogue, "my-wan=free", "vllm_omni")["my-wan"]
    assert model.lengths_s == (4, 8, 12)
    assert model.sizes_px == {(Shape.WIDE, "720p"): (1280, 720), (Shape.VERTICAL, "720p"): (720, 1280)}
    assert model.model_class is ModelClass.FAST
    assert model.audio is Audio.NEVER
    assert model.seed
    assert model.picture_wire_name == "my-wan"


def test_a_retirement_elsewhere_is_not_that_of_ones_own_server(catalogue: Catalogue) -> None:
    model = own(catalogue, "sora-2=0.10/s")["sora-2"]
    assert model.retires_at is None
    assert model.protocol == "openai_videos/relay"
    assert model.lengths_s == (4, 8, 12)


def test_best_says_the_class(catalogue: Catalogue) -> None:
    models = own(catalogue, "a=$0.1/s best, b=0.1/clip fast, c=free Best, sora-2-pro=0.3/s")
    assert [each.model_class.value for each in models.values()] == ["pro", "fast", "pro", "pro"]


def test_what_a_video_usually_takes_is_the_operators_word(catalogue: Catalogue) -> None:
    models = own(catalogue, "a=free 45s, b=0.1/s best 3min, c=0.1/clip 10s fast, d=free")
    assert [(each.typical_s, each.model_class.value) for each in models.values()] == [
        (45, "fast"), (180, "pro"), (10, "fast"), (150, "fast"),
    ]  # fmt: skip
    assert all(each.slow_s > each.typical_s for each in models.values())


def test_short_names_mean_one_model_only(catalogue: Catalogue) -> None:
    models = own(catalogue, "x/one=free, y/one=free, h3=free, minimax/h3=0.1/s")
    names = [name.lower() for each in models.values() for name in (each.name, *each.aliases)]
    assert len(names) == len(set(names))
    assert "one" in models["x/one"].aliases


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("muse", "no price; give it one: muse=0.10/s, muse=0.30/clip or muse=free"),
        ("muse=", "no price; give it one"),
        ("muse=0.30", "0.30/s for a second or 0.30/clip for a video"),
        ("muse=0.30/min", "0.30/s for a second or 0.30/clip for a video"),
        ("muse=0/s", "what costs nothing is called free"),
        ("muse=-1/s", "what costs nothing is called free"),
        ("muse=nan/s", "is no price"),
        ("muse=1e9/s", "at most 1000 dollars"),
        ("muse=cheap/s", "'cheap' is not an amount in dollars"),
        ("muse=free slow", 'not "slow"'),
        ("muse=free 0s", 'not "0s"'),
        ("muse=free 10s 20s", 'not "20s"'),
        ("muse=free best fast", 'not "fast"'),
        ("my wan=free", "a model's name has letters"),
        ("=free", "a model's name has letters"),
    ],
)
def test_a_part_that_is_not_understood_is_said_in_words(catalogue: Catalogue, part: str, words: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        own(catalogue, f"good=free, {part}, , other")
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0].startswith(f'"{part}": ')
    assert words in caught.value.problems[0]


def test_a_name_twice_is_a_mistake(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="stands here twice"):
        own(catalogue, "a=free, A=0.1/s")


def test_nothing_is_no_models(catalogue: Catalogue) -> None:
    assert own(catalogue, " , ") == {}
