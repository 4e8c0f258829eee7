import json
import re
import struct
from typing import Any

import pytest
from pydantic import ValidationError

from functions.factory.pwa import LogoInvalid, Theme, build_bundle
from functions.factory.pwa.contrast import palette
from functions.factory.pwa.icons import draw_icons
from functions.factory.pwa.sign import initials
from functions.factory.pwa.texts import TEMPLATE, texts
from shared.kit.contrast import ContrastTooLow, on, ratio
from shared.kit.languages import LANGUAGES
from tests.factory.pwa_support import DAY, HEIDELBERG, config, logo

THEMES = [
    HEIDELBERG,
    Theme(primary="#1b4f8a", secondary="#7a4f12", background="#f8fafc", text="#16202b"),
    Theme(primary="#ffd500", secondary="#59c2e8", background="#101418", text="#f4f4f4"),
    Theme(primary="#767676", secondary="#949494", background="#ffffff", text="#767676"),
    Theme(primary="#000000", secondary="#000000", background="#ffffff", text="#000000"),
    Theme(primary="#00508c", secondary="#ffb400", background="#ffffff", text="#1c1c1c"),
]


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_the_ratio_is_that_of_wcag(one: str, other: str, expected: float) -> None:
    assert ratio(one, other) == pytest.approx(expected, abs=0.005) == ratio(other, one)


def test_a_theme_that_is_hard_to_read_is_refused_with_every_pair() -> None:
    pale = Theme(primary="#ffe98a", secondary="#eeeeee", background="#ffffff", text="#aaaaaa")
    with pytest.raises(ContrastTooLow, match=r"text #aaaaaa / #ffffff 2\.32 < 4\.5") as caught:
        build_bundle(config(theme=pale), build_number=1, built_on=DAY)
    assert [shortfall.field for shortfall in caught.value.shortfalls] == ["text", "primary"]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.primary)
def test_every_pair_of_the_style_sheet_is_readable_in_every_accepted_theme(theme: Theme) -> None:
    theme.check()
    colours = palette(**theme.model_dump())
    for ground in ("background", "surface"):
        for ink in ("text", "muted", "primary"):
            assert ratio(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert min(ratio(colours["edge"], colours[ground]), ratio(colours["focus"], colours[ground])) >= 3.0
    assert min(ratio(colours["text"], colours["tint"]), ratio(colours["primary"], colours["tint"])) >= 4.5
    assert min(ratio(colours["on-primary"], colours[ground]) for ground in ("primary", "deep")) >= 4.5


def test_black_or_white_is_readable_on_every_grey() -> None:
    assert all(
        ratio(on(grey), grey) >= 4.5
        for grey in (f"#{level:02x}{level:02x}{level:02x}" for level in range(256))
    )


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "javascript:alert(1)"},
        {"base_url": "http://heidelberg.example"},
        {"base_url": "https://user:pw@heidelberg.example"},
        {"base_url": "https://heidelberg.example/?q=1"},
        {"base_url": "https://heidelberg.example; script-src *"},
        {"base_url": "https://heidelberg.example\r\nx"},
        {"base_url": "//heidelberg.example"},
        {"media_url": "http://media.example"},
        {"base_url": "https://"},
        {"languages": ()},
        {"languages": ("de", "xx")},
        {"slug": "../etc"},
        {"slug": "Heidelberg"},
        {"bundle_id": "heidelberg"},
        {"bundle_id": "de.heidelberg'app"},
        {"tenant_id": "a/b"},
        {"app_name": ""},
        {"app_name": "a\x00b"},
        {"app_name": "x" * 61},
        {"features": {"Chat Bot": "1.0.0"}},
        {"features": {"chatbot": "latest"}},
        {"template": {"name": "neon", "version": "1.0.0"}},
        {"theme": {"primary": "red", "secondary": "#000000", "background": "#ffffff", "text": "#000000"}},
        {
            "theme": {
                "primary": "#000}*{x:y",
                "secondary": "#000000",
                "background": "#ffffff",
                "text": "#000000",
            }
        },
        {"time_zone": 'Europe/Berlin"><script>'},
        {"centre": {"lat": 91, "lon": 0}},
        {"centre": {"lat": float("nan"), "lon": 0}},
        {"logo": b"GIF89a"},
        {"logo": b""},
        {"logo": logo(8, 8)},
        {"unknown": 1},
    ],
)
def test_a_hostile_or_impossible_setting_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**change)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://heidelberg.localhost:8080/",
        "http://[::1]:8080",
        "https://a.example/x/",
    ],
)
def test_plain_http_is_for_this_machine_only_and_the_trailing_slash_goes(url: str) -> None:
    assert config(base_url=url).base_url == url.rstrip("/")


def test_languages_are_stored_by_our_tags_once_each() -> None:
    assert config(languages=("no", "de-AT", "nb", "de")).languages == ("nb", "de")


def test_templates_are_known_by_name_and_by_letter() -> None:
    assert config(template={"name": "B", "version": "2.0.0"}).template.name == "classic"


def test_icons_have_their_sizes_and_no_metadata() -> None:
    drawn = draw_icons(config())
    assert {path: size(png) for path, png in drawn.items()} == {
        "icons/icon-192.png": (192, 192),
        "icons/icon-512.png": (512, 512),
        "icons/maskable-192.png": (192, 192),
        "icons/maskable-512.png": (512, 512),
        "icons/apple-touch-icon.png": (180, 180),
        "icons/favicon.png": (48, 48),
    }
    assert not any(
        chunk in png for png in drawn.values() for chunk in (b"tEXt", b"tIME", b"iTXt", b"eXIf", b"pHYs")
    )


def test_a_maskable_icon_fills_its_square_and_a_plain_one_has_round_corners() -> None:
    from io import BytesIO

    from PIL import Image

    drawn = draw_icons(config())
    corners = {}
    for name in ("icon", "maskable"):
        with Image.open(BytesIO(drawn[f"icons/{name}-512.png"])) as image:
            corners[name] = image.getchannel("A").getpixel((0, 0))
    assert corners == {"icon": 0, "maskable": 255}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Heidelberg", ["H"]),
        ("Bad Homburg", ["B", "H"]),
        ("Stadt am Fluss", ["S", "F"]),
        ("Öhringen", ["O\u0308"]),
        ("łódź", ["L"]),
        ("<script>", ["S"]),
        ("Київ", []),
        ("مدينة", []),
        ("42", []),
        ("🏰", []),
        ("ßtadt", ["S"]),
    ],
)
def test_initials_are_those_that_can_be_drawn(name: str, expected: list[str]) -> None:
    assert initials(name) == expected


def test_names_without_drawable_letters_get_a_gate_and_logos_take_its_place() -> None:
    gate, letters = draw_icons(config(short_name="Київ")), draw_icons(config())
    assert gate == draw_icons(config(short_name="مدينة")) != letters
    assert draw_icons(config(logo=logo())) != letters


def test_a_logo_with_broken_data_is_refused_in_words() -> None:
    with pytest.raises(LogoInvalid, match="broken"):
        build_bundle(config(logo=logo()[:60]), build_number=1, built_on=DAY)


def test_a_logo_that_claims_to_be_enormous_is_never_opened() -> None:
    bomb = bytearray(logo())
    bomb[16:24] = struct.pack(">II", 100_000, 100_000)
    with pytest.raises(ValidationError, match="pixels"):
        config(logo=bytes(bomb))


def test_the_app_speaks_every_language_of_the_platform_with_the_same_sentences() -> None:
    assert {path.stem for path in (TEMPLATE / "texts").glob("*.json")} == set(LANGUAGES)
    plain = {key for key in texts("de") if not key.startswith("results.")}
    for tag in LANGUAGES:
        assert {key for key in texts(tag) if not key.startswith("results.")} == plain, tag
        assert "results.other" in texts(tag)
        assert all(text.strip() for text in texts(tag).values())


def test_sentences_have_the_same_placeholders_in_every_language() -> None:
    for key, sentence in texts("de").items():
        for tag in LANGUAGES:
            if not key.startswith("results."):
                assert set(re.findall(r"\{\w+\}", texts(tag)[key])) == set(
                    re.findall(r"\{\w+\}", sentence)
                ), (tag, key)


def test_every_sentence_that_the_script_asks_for_exists() -> None:
    scripts = "\n".join(path.read_text("utf-8") for path in TEMPLATE.rglob("*.js"))
    asked = set(re.findall(r"\bt\(\"(\w+)\"", scripts))
    assert asked <= set(json.loads((TEMPLATE / "texts" / "de.json").read_text("utf-8")))
