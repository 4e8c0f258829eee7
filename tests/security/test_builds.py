"""What is saved for an app can be built: a configuration is refused when it is written, not when it is too
late.
"""

from typing import Any

import pytest

from events.city import CityOnboarded
from tests.notification.people import tell
from tests.support import City

THEME = {"primary": "#00508c", "secondary": "#ffb400", "background": "#ffffff", "text": "#1a1a1a"}


def saved(city: City, **changes: Any) -> int:
    config = {
        "appName": "Heidelberg",
        "shortName": "HD",
        "bundleId": "app.heidi.hd",
        "theme": THEME,
        "features": {},
    } | changes
    return city.call("save-app-config", "super_city_admin", body=config).status


@pytest.mark.parametrize(
    "changes",
    [
        {"shortName": "a\nb"},
        {"shortName": "a\u0001b"},
        {"appName": "a\u007fb"},
        {"features": {f"f{number}": "1.0.0" for number in range(101)}},
    ],
)
def test_a_configuration_that_cannot_be_built_is_not_saved(city: City, changes: dict[str, Any]) -> None:
    assert saved(city, **changes) == 422
    assert saved(city) == 200
    assert city.call("trigger-build", "super_city_admin", body={"platform": "web"}).status == 202


@pytest.mark.parametrize(
    ("slug", "name"), [("4-taeler", "Vier Täler"), ("bad-berg", "Bad\nBerg"), ("0", "\t0\t")]
)
def test_a_city_with_any_slug_and_name_can_build_its_app(city: City, slug: str, name: str) -> None:
    tell(
        city,
        "prepare-app-config",
        CityOnboarded(
            city_id=city.id, slug=slug, name=name, languages=["de"], features=[], admin_email="a@example.org"
        ),
    )
    assert city.call("trigger-build", "super_city_admin", body={"platform": "web"}).status == 202
