import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import date
from typing import Any

import pytest

from functions.factory.pwa import Template, artifact_name, build_bundle
from functions.factory.pwa.bundle import record, texts_of
from functions.factory.pwa.pages import render_worker
from tests.factory.pwa_support import DAY, Page, bundle, config, logo, text

HOSTILE = "</title><script>alert(1)</script>\" onload='x' $name ${name} {name} & \u2028 Ünna"


def test_the_same_inputs_give_the_same_bytes() -> None:
    given = config(logo=logo())
    assert build_bundle(given, build_number=7, built_on=DAY) == build_bundle(
        given, build_number=7, built_on=DAY
    )


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = (
        "import hashlib; from tests.factory.pwa_support import *; "
        "print(hashlib.sha256(build_bundle(config(), build_number=7, built_on=DAY)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {
        hashlib.sha256(build_bundle(config(), build_number=7, built_on=DAY)).hexdigest() + "\n"
    }


def test_features_in_another_order_are_the_same_inputs() -> None:
    one = config(features={"chatbot": "1.0.0", "listings": "2.0.0"})
    other = config(features={"listings": "2.0.0", "chatbot": "1.0.0"})
    assert build_bundle(one, build_number=1, built_on=DAY) == build_bundle(
        other, build_number=1, built_on=DAY
    )


@pytest.mark.parametrize(
    "change",
    [
        {"app_name": "Heidelberg direkt"},
        {"features": {"listings": "1.0.1", "chatbot": "1.2.0"}},
        {"logo": logo()},
        {"template": Template(name="classic", version="1.0.0")},
        {"base_url": "https://api.heidelberg.example"},
        {"languages": ("en",)},
    ],
)
def test_every_input_changes_the_digest_of_the_inputs(change: dict[str, Any]) -> None:
    digests = {
        json.loads(record(given, 7, DAY, {}))["inputs"]["digest"] for given in (config(), config(**change))
    }
    assert len(digests) == 2


def test_entries_are_sorted_and_carry_neither_time_nor_system() -> None:
    with zipfile.ZipFile(io.BytesIO(build_bundle(config(), build_number=7, built_on=DAY))) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in entries} == {(3, 0o100644)}


def test_the_build_record_names_everything_that_went_in_and_the_hash_of_everything_that_came_out() -> None:
    files = bundle()
    record = json.loads(files.pop("heidi-build.json"))
    assert record["tenant"] == {"id": config().tenant_id, "slug": "heidelberg"}
    assert record["template"] == {"name": "modern", "version": "1.0.0"}
    assert record["features"] == {"listings": "1.0.0", "chatbot": "1.2.0"}
    assert (record["buildNumber"], record["builtOn"], record["platform"]) == (7, "2026-11-23", "web")
    assert set(record["runtime"]) == {"name", "version", "pillow"}
    assert record["files"] == {
        path: "sha256:" + hashlib.sha256(content).hexdigest() for path, content in files.items()
    }


def test_the_build_number_alone_does_not_make_readers_load_the_app_again() -> None:
    assert bundle(number=7)["sw.js"] == bundle(number=8)["sw.js"]


def test_the_service_worker_keeps_every_file_of_the_app_and_changes_with_any_of_them() -> None:
    files = bundle()
    kept = json.loads(re.findall(r"const FILES = (\[.*\]);", files["sw.js"].decode())[0])
    assert set(kept) == {"./", *files} - {"sw.js", "heidi-build.json"}
    assert files["sw.js"] != bundle(config(app_name="Heidelberg direkt"))["sw.js"]


def test_the_artifact_is_named_by_the_rule() -> None:
    assert (
        artifact_name(config(), build_number=12, built_on=date(2026, 1, 2))
        == "heidi-heidelberg-web-1.0.0-12-20260102.zip"
    )


def test_the_manifest_makes_the_app_installable() -> None:
    files = bundle()
    manifest = json.loads(files["manifest.webmanifest"])
    assert (manifest["name"], manifest["short_name"]) == ("Mein Heidelberg", "Heidelberg")
    assert (manifest["lang"], manifest["dir"], manifest["display"]) == ("de", "ltr", "standalone")
    assert (manifest["start_url"], manifest["scope"], manifest["id"]) == (
        "./",
        "./",
        "/?app=de.heidelberg.app",
    )
    assert (manifest["theme_color"], manifest["background_color"]) == ("#9b1c2e", "#fbf8f5")
    assert {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    assert all(icon["src"] in files for icon in manifest["icons"])


def test_only_what_the_city_selected_is_shown() -> None:
    shown = {
        name: json.loads(text(config(features=features), "config.json"))["shows"]
        for name, features in {
            "nothing": {},
            "core": {"listings": "1.0.0", "categories": "1.0.0", "search": "1.0.0"},
            "chat": {"chatbot": "1.0.0"},
            "map": {"poi_map": "1.0.0", "job-matching": "1.0.0"},
        }.items()
    }
    assert shown == {"nothing": [], "core": [], "chat": ["chatbot"], "map": ["nearby"]}
    shortcuts = json.loads(text(config(features={}), "manifest.webmanifest"))["shortcuts"]
    assert [shortcut["url"] for shortcut in shortcuts] == ["./#/search"]


def test_the_page_speaks_the_first_language_in_its_direction() -> None:
    page = Page(text(config(languages=("ar", "de")), "index.html"))
    assert page.tags[0] == ("html", {"lang": "ar", "dir": "rtl", "data-template": "modern"})
    assert json.loads(text(config(languages=("ar", "de")), "manifest.webmanifest"))["dir"] == "rtl"


def test_only_the_selected_languages_are_in_the_bundle() -> None:
    assert {path for path in texts_of(config(languages=("de", "fa"))) if path.startswith("texts/")} == {
        "texts/de.json",
        "texts/fa.json",
    }


def test_a_hostile_name_is_text_everywhere() -> None:
    given = config(app_name=HOSTILE[:60], short_name=HOSTILE[:30])
    page = Page(text(given, "index.html"))
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [{"type": "module", "src": "app.js"}]
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert given.app_name in page.words
    assert json.loads(text(given, "config.json"))["name"] == given.app_name
    assert json.loads(text(given, "manifest.webmanifest"))["name"] == given.app_name


def test_placeholders_in_a_name_are_not_filled_in() -> None:
    assert (
        "$primary ${policy} {name}"
        in Page(text(config(app_name="$primary ${policy} {name}"), "index.html")).words
    )


def test_the_policy_allows_nothing_but_the_app_and_its_api() -> None:
    policy = Page(text(config(base_url="https://api.example:8443/heidelberg"), "index.html")).policy()
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == policy["img-src"] == "'self' https://api.example:8443"
    assert policy["require-trusted-types-for"] == "'script'"


def test_pictures_may_come_from_where_the_api_sends_the_browser() -> None:
    policy = Page(text(config(media_url="https://files.example/bucket"), "index.html")).policy()
    assert policy["img-src"] == "'self' https://heidelberg.example https://files.example"
    assert policy["connect-src"] == "'self' https://heidelberg.example"


def test_no_file_names_a_foreign_host() -> None:
    files = texts_of(config()) | {"sw.js": render_worker(config(), "0", [])}
    named = {
        host for content in files.values() for host in re.findall(r"//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", content)
    }
    # the second is the namespace of SVG, which is never fetched
    assert named <= {"heidelberg.example", "www.w3.org"}


def test_the_page_has_landmarks_a_skip_link_and_no_fixed_zoom() -> None:
    page = Page(text(config(), "index.html"))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.tags}
    assert ("a", {"class": "skip", "href": "#main"}) in page.tags
    viewport = next(
        str(attributes["content"]) for _, attributes in page.tags if attributes.get("name") == "viewport"
    )
    assert not re.search("user-scalable|maximum-scale", viewport)
