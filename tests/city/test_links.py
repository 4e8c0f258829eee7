"""What a mail or a push leads to is one address that stays, whatever shows the thing by then."""

from typing import Any, get_args
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from shared.kit.languages import LANGUAGES
from shared.runtime.gateway.gateway import ADDRESSES
from shared.tenancy.app_links import PAGES, Thing, link_to
from tests.city.factories import registered
from tests.city.test_apps import WEB, register, revoke
from tests.support import Answer, City, call
from tooling.registry import records
from tooling.stack.environment import entered

ID = uuid4()


def opened(city: City, thing: Thing = "listing", **parts: Any) -> Answer:
    url = urlsplit(link_to(city.tenant, thing, ID))
    return call("open-link", path=url.path, host=url.netloc, headers={"accept-language": "de"} | parts)


def test_a_link_names_its_city_by_host_and_leads_into_the_app_that_was_registered_first(city: City) -> None:
    with registered(city) as made:
        first = register(made, made.id, **WEB | {"bundleId": None}).body
        register(made, made.id, **WEB | {"bundleId": None, "origins": ["https://trial.example"]})
        shown = opened(made)
        assert (shown.status, shown.headers["Location"]) == (
            302,
            f"https://app.weinheim.example/#/listing/{ID}",
        )
        revoke(made, made.id, first["clientId"])
        assert opened(made).headers["Location"] == f"https://trial.example/#/listing/{ID}"


@pytest.mark.parametrize("thing", [thing for thing, page in PAGES.items() if page.place == "console"])
def test_what_staff_see_is_in_the_console_of_their_city(city: City, thing: Thing) -> None:
    with entered({"CONSOLE_URL": "https://heidi.example/console/"}):
        location = opened(city, thing).headers["Location"]
    assert location.startswith(f"https://heidi.example/console/c/{city.tenant.slug}/")
    assert location.endswith(str(ID))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_where_nothing_shows_it_a_page_says_where_to_look(city: City, language: str) -> None:
    shown = opened(city, "review", **{"accept-language": language})
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "no-store")
    assert f'<html lang="{language}"'.encode() in shown.raw
    assert city.tenant.name.encode() in shown.raw


def test_staff_of_a_city_that_prepares_itself_get_to_what_they_are_told_of(city: City) -> None:
    with registered(city, opened=False) as made, entered({"CONSOLE_URL": "https://heidi.example/console"}):
        assert opened(made, "build").status == 302


def test_a_link_of_a_city_that_is_none_or_off_leads_nowhere(city: City) -> None:
    with City.known("leimen", active=False) as off:
        assert opened(off).code == "TENANT_INACTIVE"
    gone = city.tenant.model_copy(update={"slug": "never-was"})
    assert opened(City(gone)).code == "UNKNOWN_TENANT"


def test_nothing_else_is_opened(city: City) -> None:
    for path in ("/l/listing/x", f"/l/secret/{ID}", f"/l/listing/{ID}/more"):
        assert call("open-link", path=path, tenant=city.tenant.slug).status in {404, 422}


def test_every_thing_has_its_page() -> None:
    assert set(get_args(Thing)) == set(PAGES)


def test_whatever_has_an_address_is_reached_through_the_gateway() -> None:
    """A new first part of an address is a line in shared/runtime/gateway/gateway.py."""
    paths = {record.name: record.path for record in records().values() if record.kind == "http"}
    assert {name: path for name, path in paths.items() if not path.startswith(ADDRESSES)} == {}
