"""What calls are answered while the events of earlier ones still wait."""

from collections.abc import Iterator

import pytest

from functions.platform.outbox_relay import Courier, sweep
from shared.events import backlog
from shared.kit.settings import settings
from tests.core.factories import make_category, make_listing
from tests.platform.fake_broker import answering
from tests.support import City
from tooling.registry import records


@pytest.fixture(autouse=True)
def news(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However busy the machine is, what was heard stays true for the length of a test."""
    monkeypatch.setattr(backlog, "STAYS_TRUE", 60)
    yield
    backlog.note("0")


def create(city: City) -> int:
    return city.call(
        "create-listing", "editor", body={"title": "Kino", "categoryId": str(make_category(city))}
    ).status


def test_while_events_wait_for_long_a_call_that_causes_more_is_asked_to_come_again(city: City) -> None:
    backlog.note("10.1")
    refused = city.call(
        "create-listing", "editor", body={"title": "Kino", "categoryId": str(make_category(city))}
    )
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "BUSY", "1")
    assert city.events() == []
    assert city.call("list-listings").status == 200
    assert city.call("list-listings", "city_admin").status == 200
    backlog.note("9.9")
    assert create(city) == 201


@pytest.mark.parametrize(
    "name", ["login", "forgot-password", "lock-account", "deactivate-user", "set-consents", "deactivate-city"]
)
def test_who_logs_in_is_shut_out_or_takes_a_consent_back_does_not_wait_for_listings(name: str) -> None:
    backlog.note("60")
    assert records()[name].emits
    backlog.refuse_more(records()[name])


def test_strangers_learn_nothing_of_it(city: City) -> None:
    backlog.note("60")
    assert city.call("create-listing", body={}).status == 401


def test_old_news_refuse_nobody(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    backlog.note("60")
    monkeypatch.setattr(backlog, "STAYS_TRUE", 0)
    assert create(city) == 201


def test_the_broker_says_how_far_behind_it_is_whenever_it_takes_events(city: City) -> None:
    for said, status in (("12.0", 503), ("0.0", 201)):
        with answering() as broker, Courier() as courier:
            broker.behind = said
            backlog.note("0")
            make_listing(city)
            sweep(settings().postgres_database_prefix + "core", courier, older_than=-60)
        assert create(city) == status
