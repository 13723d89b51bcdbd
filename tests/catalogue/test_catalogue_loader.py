"""Catalogue files: what is in the package is whole, and what is wrong in a file is said."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import bot.catalogue
from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Billing, Catalogue, Shape
from bot.catalogue.problems import CatalogueError

PACKAGE = Path(bot.catalogue.__file__).parent
FILES = sorted(PACKAGE.glob("*.toml"))
PROTOCOL = """
[protocols.acme]
source = "https://acme.example/docs"
as_of = 2026-11-21
provider = "acme"
label = "Acme"
"""
MODEL = """
[models.one]
source = "https://acme.example/models"
as_of = 2026-11-21
label = "One"
class = "fast"
protocol = "acme"
wire_name = "acme/one"
lengths_s = [4, 8]
audio = "always"
seed = false
prompt_limit = 2000
prompt_unit = "characters"
typical_s = 60
slow_s = 120
receives = "Acme"
[models.one.sizes]
wide = { 720p = "1280x720" }
[models.one.price]
billing = "per_second"
usd = { 720p = "0.303" }
"""


@pytest.fixture
def catalogue() -> Catalogue:
    return load_catalogue()


def written(folder: Path, text: str, name: str = "acme.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(written(folder, text))
    return caught.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fact_in_the_package_names_its_source_and_date(path: Path) -> None:
    tables = tomllib.loads(path.read_text())
    entries = [*tables.get("protocols", {}).values(), *tables.get("models", {}).values()]
    assert entries
    for entry in entries:
        assert len(entry["source"]) >= 8
        assert date(2026, 1, 1) <= entry["as_of"] <= date(2027, 12, 31)


def test_every_model_of_the_package_has_a_price_for_each_thing_it_offers(catalogue: Catalogue) -> None:
    for model in catalogue.models:
        assert model.protocol in catalogue.protocols
        for _, resolution in model.sizes_px:
            for length_s in model.lengths_s:
                usd_micros = model.price.of(length_s=length_s, resolution=resolution)
                assert (usd_micros == 0) == (model.price.billing is Billing.FREE)


def test_shapes_are_what_they_are_called(catalogue: Catalogue) -> None:
    for model in catalogue.models:
        for (shape, _), (width, height) in model.sizes_px.items():
            assert {Shape.WIDE: width > height, Shape.VERTICAL: width < height, Shape.SQUARE: width == height}[shape]


def test_sora_stays_understood_as_a_name_and_is_known_to_have_ended(catalogue: Catalogue) -> None:
    for name in ("sora-2", "sora-2-pro"):
        model = next(each for each in catalogue.models if (each.name, each.protocol) == (name, "openai_videos/openai"))
        assert model.retires_at == datetime(2026, 9, 24, tzinfo=UTC)


def test_the_variants_of_the_videos_dialect_are_one_adapter(catalogue: Catalogue) -> None:
    variants = {
        key.partition("/")[2]: each for key, each in catalogue.protocols.items() if each.provider == "openai_videos"
    }
    assert set(variants) == {
        "openai", "azure", "relay", "new_api", "litellm", "laozhang", "apiyi", "cometapi", "vllm_omni", "sglang",
    }  # fmt: skip
    assert {key for key, each in variants.items() if each.lists} == {"openai", "azure", "vllm_omni"}
    assert {key for key, each in variants.items() if each.cancels} == {"vllm_omni"}
    assert {key for key, each in variants.items() if each.webhooks} == {"openai"}
    assert not any(each.honours_idempotency_key or each.not_accepted for each in variants.values())
    for each in variants.values():
        assert set(each.wire) <= {
            "body", "seconds", "seed_field", "check", "page_size", "key_header", "model_list", "unknown_model",
        }  # fmt: skip


def test_what_has_ended_stays_understood(catalogue: Catalogue) -> None:
    ended = {(each.protocol, each.name): str(each.retires_at)[:10] for each in catalogue.models if each.retires_at}
    assert ended == {
        ("openai_videos/openai", "sora-2"): "2026-09-24",
        ("openai_videos/openai", "sora-2-pro"): "2026-09-24",
        ("openai_videos/azure", "sora-2"): "2026-11-02",
        ("openai_videos/azure", "sora-2-pro"): "2026-11-02",
        ("gemini_omni", "veo-3.1"): "2026-10-22",
        ("gemini_omni", "veo-3.1-fast"): "2026-10-22",
        ("gemini_omni", "veo-3.1-lite"): "2026-10-22",
        ("veo_vertex", "veo-3.1"): "2026-11-17",
        ("veo_vertex", "veo-3.1-fast"): "2026-11-17",
    }


def test_the_version_is_that_of_the_content(tmp_path: Path, catalogue: Catalogue) -> None:
    assert load_catalogue().version == catalogue.version
    first = load_catalogue(written(tmp_path, PROTOCOL + MODEL)).version
    assert first != catalogue.version
    assert load_catalogue(written(tmp_path, PROTOCOL + MODEL.replace("0.303", "0.304"))).version != first


def test_a_file_of_ones_own_adds_and_replaces(tmp_path: Path) -> None:
    added = load_catalogue(written(tmp_path, PROTOCOL + MODEL))
    model = next(each for each in added.models if each.name == "one")
    assert model.price.of(length_s=8, resolution="720p") == 2_424_000
    assert model.sizes_px == {(Shape.WIDE, "720p"): (1280, 720)}
    assert added.protocols["acme"].label == "Acme"
    cheaper = written(tmp_path, MODEL.replace("0.303", "0.1"), "cheaper.toml")
    changed = load_catalogue(tmp_path / "acme.toml", cheaper)
    assert [each.price.usd_micros for each in changed.models if each.name == "one"] == [{"720p": 100_000}]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('[models.one.price]\nbilling = "per_second"\nusd = { 720p = "0.303" }', "", "models.one.price: give it one"),
        ('usd = { 720p = "0.303" }', "", "models.one.price: give it one"),
        ('{ 720p = "0.303" }', '{ 1080p = "0.303" }', "no price for 720p; give it one"),
        ('"0.303"', "0.303", "write dollars as a string"),
        ('"0.303"', '"0"', "what costs nothing is called free"),
        ('"0.303"', '"-1"', "what costs nothing is called free"),
        ('"0.303"', '"NaN"', "is no price"),
        ('"0.303"', '"cheap"', "not an amount in dollars"),
        ('"0.303"', '"0.0000001"', "no finer than a millionth"),
        ('"per_second"', '"free"', "models.one.price: give it one"),
        ('source = "https://acme.example/models"\n', "", "models.one.source: Field required"),
        ("as_of = 2026-11-21\nlabel = \"One\"", 'label = "One"', "models.one.as_of: Field required"),
        ('"1280x720"', '"wide"', "is no size"),
        ("[4, 8]", "[]", "models.one.lengths_s"),
        ("[4, 8]", "[8, 4]", "lengths must ascend"),
        ('wire_name = "acme/one"\n', "", "give it a wire_name"),
        ('protocol = "acme"', 'protocol = "acne"', "there is no [protocols.'acne']"),
        ("typical_s = 60", "typical_s = 600", "typical_s is above slow_s"),
        ('label = "One"', 'label = "One"\nretires_at = 2027-01-01T00:00:00', "models.one.retires_at"),
        ('label = "One"', 'label = "One"\ncolour = "red"', "models.one.colour: Extra inputs"),
        ('provider = "acme"', 'provider = "acme"\nhonours_idempotency_key = true', "idempotency_window_s go together"),
        ('label = "Acme"', 'label = "Acme"\nnot_accepted = [{ status = 404, code = "x" }]', "acme.not_accepted"),
        ("[models.one.sizes]", "[models.one.sizes", "acme.toml: not TOML"),
        ("[protocols.acme]", "[protocol.acme]", "acme.toml: protocol: unknown"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = PROTOCOL + MODEL
    assert old in text
    problems = problems_of(tmp_path, text.replace(old, new))
    assert any(words in each for each in problems), problems
    assert all(each.startswith("acme.toml: ") for each in problems)


def test_all_mistakes_are_said_together(tmp_path: Path) -> None:
    text = (PROTOCOL + MODEL).replace('"0.303"', '"cheap"').replace("[4, 8]", "[8, 4]").replace('"Acme"', "7")
    assert len(problems_of(tmp_path, text)) == 4


def test_two_models_of_one_protocol_cannot_share_a_name(tmp_path: Path) -> None:
    second = MODEL.replace("models.one", "models.two").replace('label = "One"', 'label = "Two"\naliases = ["ONE"]')
    assert problems_of(tmp_path, PROTOCOL + MODEL + second) == (
        "acme.toml: models.two: the name 'ONE' belongs to one already",
    )


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"none\.toml: cannot be read"):
        load_catalogue(tmp_path / "none.toml")
