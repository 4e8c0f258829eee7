"""From a city's configuration to its installable web app."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from events.city import CityOnboarded
from tests.adapters.running import ThirdParties
from tests.notification.people import settle_in, tell
from tests.support import City

pytestmark = pytest.mark.usefixtures("thirdparty")


def prepare(city: City, color: str = "#00508c") -> None:
    settle_in(city, "super_city_admin")
    tell(
        city,
        "prepare-app-config",
        CityOnboarded(
            city_id=city.id,
            slug=city.tenant.slug,
            name="Heidelberg",
            languages=["de"],
            features=["chatbot"],
            admin_email="a@example.org",
            primary_color=color,
        ),
    )


def trigger(city: City, role: str = "super_city_admin", **body: Any):
    return city.call("trigger-build", role, body={"platform": "web"} | body)


def built(city: City) -> dict[str, Any]:
    queued = trigger(city)
    assert queued.status == 202, queued.body
    assert queued.body["status"] == "queued"
    city.settle()
    build: dict[str, Any] = city.call(
        "get-build", "city_admin", path=f"/api/builds/{queued.body['buildId']}"
    ).body
    assert build["status"] == "completed", build["log"]
    return build


def download(city: City, build: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = city.call(
        "download-artifact", "city_admin", path=f"/api/builds/{build['buildId']}/artifact", query=query
    )
    assert answer.status == 200, answer.body
    link: dict[str, Any] = answer.body
    return link


def test_a_build_becomes_an_installable_app_with_the_citys_name_and_colours(city: City) -> None:
    prepare(city)
    build = built(city)
    assert [line["status"] for line in build["log"]] == [
        "queued",
        "validating",
        "assembling",
        "building",
        "signing",
        "uploading",
        "completed",
    ]
    content = httpx.get(download(city, build)["url"]).content
    bundle = zipfile.ZipFile(io.BytesIO(content))
    manifest = json.loads(bundle.read("manifest.webmanifest"))
    assert (manifest["name"], manifest["theme_color"]) == ("Heidelberg", "#00508c")
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    assert len(content) == build["artifactBytes"]


def test_the_same_inputs_give_the_same_bytes(city: City) -> None:
    prepare(city)
    first, second = built(city), built(city)
    assert first["number"] + 1 == second["number"]
    assert first["artifactDigest"] == second["artifactDigest"]
    assert httpx.get(download(city, first)["url"]).content == httpx.get(download(city, second)["url"]).content


def test_another_configuration_gives_other_bytes(city: City) -> None:
    prepare(city)
    first = built(city)
    config = city.call("get-app-config", "city_admin").body
    saved = city.call(
        "save-app-config",
        "super_city_admin",
        body={key: config[key] for key in ("appName", "shortName", "bundleId", "features")}
        | {"theme": config["theme"] | {"primary": "#7a1f1f"}},
    )
    assert (saved.status, saved.body["version"]) == (200, 2), saved.body
    assert built(city)["artifactDigest"] != first["artifactDigest"]


def test_asking_twice_while_a_build_runs_gives_the_running_one(city: City) -> None:
    prepare(city)
    assert trigger(city).body["buildId"] == trigger(city).body["buildId"]
    assert len(city.events("build.queued")) == 1


def test_the_link_to_the_artifact_expires(city: City, thirdparty: ThirdParties) -> None:
    prepare(city)
    link = download(city, built(city), "expiresIn=60")
    assert httpx.get(link["url"]).status_code == 200
    with thirdparty.clock.later(61):
        assert httpx.get(link["url"]).status_code == 403


def test_who_may_build_is_what_the_matrix_says(city: City, other_city: City) -> None:
    prepare(city)
    assert [
        trigger(city, role).status for role in ("editor", "city_admin", "super_city_admin", "super_admin")
    ] == [403, 403, 202, 202]
    build = city.events("build.queued")[0].data["buildId"]
    assert (
        other_city.call("get-build", "super_city_admin", path=f"/api/builds/{build}").code
        == "BUILD_NOT_FOUND"
    )


def test_colours_that_cannot_be_read_are_refused_with_the_pairs(city: City) -> None:
    prepare(city, "#00508c")
    config = city.call("get-app-config", "city_admin").body
    theme = {"primary": "#ffff00", "secondary": "#ffffff", "background": "#ffffff", "text": "#eeeeee"}
    refused = city.call(
        "save-app-config",
        "super_city_admin",
        body={key: config[key] for key in ("appName", "shortName", "bundleId", "features")}
        | {"theme": theme},
    )
    assert (refused.status, refused.code) == (422, "CONTRAST_TOO_LOW")


def test_without_a_configuration_or_for_another_platform_nothing_is_queued(city: City) -> None:
    assert trigger(city).code == "APP_CONFIG_MISSING"
    prepare(city)
    assert trigger(city, platform="ios").code == "PLATFORM_NOT_OFFERED"
    assert city.events("build.queued") == []
