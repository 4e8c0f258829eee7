"""A cloned city's app looks like the other's and is its own."""

from typing import Any
from uuid import UUID, uuid4

from events.city import CityOnboarded
from tests.factory.test_web_build import prepare
from tests.notification.people import tell
from tests.support import City

THEME = {"primary": "#123456", "secondary": "#654321", "background": "#ffffff", "text": "#111111"}


def onboard(city: City, source_id: UUID) -> dict[str, Any]:
    tell(
        city,
        "prepare-app-config",
        CityOnboarded(
            city_id=city.id,
            slug="bad-weinheim",
            name="Bad Weinheim",
            languages=["de"],
            features=["chatbot", "poi_map"],
            admin_email="a@example.org",
            cloned_from_id=source_id,
        ),
    )
    config: dict[str, Any] = city.call("get-app-config", "city_admin").body
    return config


def test_colours_and_versions_are_the_others_and_names_are_its_own(city: City, other_city: City) -> None:
    prepare(other_city)
    config = other_city.call("get-app-config", "city_admin").body
    body = {key: config[key] for key in ("appName", "shortName", "bundleId")} | {
        "theme": THEME,
        "features": {"chatbot": "2.1.0"},
    }
    saved = other_city.call("save-app-config", "super_city_admin", body=body)
    assert saved.status == 200, saved.body
    cloned = onboard(city, other_city.id)
    assert {key: cloned["theme"][key] for key in THEME} == THEME
    assert cloned["features"] == {"chatbot": "2.1.0", "poi_map": "1.0.0"}
    assert (cloned["appName"], cloned["bundleId"], cloned["version"], cloned["savedBy"]) == (
        "Bad Weinheim",
        "app.heidi.bad_weinheim",
        1,
        None,
    )
    assert other_city.rows("factory", "SELECT count(*) FROM app_configs") == [[2]]


def test_a_clone_of_a_city_that_is_gone_has_the_usual_looks(city: City) -> None:
    assert onboard(city, uuid4())["theme"]["primary"] == "#00508c"
