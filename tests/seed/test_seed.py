"""The seed: two cities that work at once, as often as it is run."""

import json
from collections.abc import Iterator

import httpx
import pytest

from shared.tenancy import tenants
from shared.tenancy.tenants import PLATFORM
from tests.city.factories import resolved
from tests.platform.fake_broker import answering
from tests.support import City, call, deliver, superuser
from tooling.command_failed import CommandFailed
from tooling.seed import SEEDS, logins, seed, welcome
from tooling.seed.accounts import DEMO_PASSWORD
from tooling.seed.api import hand_in, publish
from tooling.seed.data import load_cities
from tooling.seed.steps import quick_passwords
from tooling.stack.environment import entered


def prefixed(service: str) -> str:
    from shared.kit.settings import settings

    return settings().postgres_database_prefix + service


def cities() -> list[City]:
    return [City(resolved(facts.city.slug)) for facts in load_cities()]


TABLES = {
    "core": ("categories", "listings", "tiles", "usage", "outbox"),
    "auth": ("accounts", "outbox"),
    "city": ("cities", "legal_texts", "outbox"),
    "users": ("terms_versions", "outbox"),
}


@pytest.fixture
def seeded() -> Iterator[list[City]]:
    """The demonstration, removed again after the test."""
    seed()
    made = cities()
    yield made
    for city in made:
        tenants.forget(city.tenant)
    for service, tables in TABLES.items():
        with superuser(prefixed(service)) as connection:
            for table in reversed(tables):
                connection.run(
                    f"DELETE FROM {table} WHERE tenant_id = ANY(:tenants)",
                    tenants=[*(city.id for city in made), PLATFORM.id],
                )


def counts() -> dict[str, int]:
    """How many rows there are in each table that the seed fills."""
    found: dict[str, int] = {}
    for service, tables in TABLES.items():
        with superuser(prefixed(service)) as connection:
            found |= {
                f"{service}.{table}": connection.run(f"SELECT count(*) FROM {table}")[0][0]
                for table in tables
            }
    return found


def test_everything_that_the_data_hold_can_be_read_through_the_api(seeded: list[City]) -> None:
    for city, facts in zip(seeded, load_cities(), strict=True):
        assert (city.tenant.name, city.tenant.languages) == (facts.city.name, facts.city.languages)
        assert "chatbot" in city.tenant.features
        listed = city.call("list-listings", query="count=true&limit=1")
        assert listed.body["total"] == len(facts.listings)
        assert listed.body["items"][0]["title"] == facts.listings[0].title
        tree = city.call("list-categories").body["items"]
        assert [item["slug"] for item in tree] == [category.slug for category in facts.categories]
        assert sum(item["listings"] for item in tree) == len(facts.listings)
        assert all(child["listings"] for item in tree for child in item["children"])


@pytest.mark.parametrize(
    ("words", "expected"), [("Bibliotheken", "ibliothek"), ("Strasse", "traße"), ("Schwimm", "chwimmb")]
)
def test_the_demonstrations_searches_find_something_in_both_cities(
    seeded: list[City], words: str, expected: str
) -> None:
    for city in seeded:
        found = city.call("search-listings", query=f"q={words}").body["items"]
        assert found
        assert expected in str(found)


def test_a_seeded_listing_is_like_one_that_somebody_wrote(seeded: list[City]) -> None:
    from functions.core.listings.listing import ListingOut

    city = seeded[0]
    for facts in load_cities()[0].listings:
        answer = city.call("get-listing", path=f"/api/listings/{facts.slug}")
        listing = ListingOut.model_validate(answer.body)
        assert listing.source.startswith(facts.source.name)
        assert listing.opening_hours is not None
        assert {
            str(day): tuple(hours) for day, hours in listing.opening_hours.days.items()
        } == facts.opening_hours.days


def test_the_people_can_log_in_and_their_listings_are_theirs(seeded: list[City]) -> None:
    for city in seeded:
        slug = city.tenant.slug
        for role in ("super_city_admin", "city_admin", "editor", "citizen"):
            body = {
                "email": f"{role.replace('_', '-')}@{slug}.example",
                "password": DEMO_PASSWORD,
                "tenantId": slug,
            }
            answer = call("login", body=body, tenant=slug)
            assert answer.status == 200, answer.body
            if role == "editor":
                mine = call(
                    "list-listings",
                    query="mine=true&count=true&limit=1",
                    token=answer.body["accessToken"],
                    tenant=slug,
                )
                assert mine.body["total"] > 0
    body = {"email": "super-admin@platform.example", "password": DEMO_PASSWORD, "tenantId": "platform"}
    assert call("login", body=body, tenant="platform").status == 200


def test_the_second_time_changes_nothing_and_says_nothing(seeded: list[City]) -> None:
    before = counts()
    seed()
    seed("categories")
    seed("tiles")
    seed("initial-admin")
    assert counts() == before
    for city in seeded:
        assert len(city.events("city.onboarded")) == 1


def test_what_somebody_changed_since_stays(seeded: list[City]) -> None:
    city = seeded[0]
    city.rows("core", "UPDATE listings SET title = 'Neues Rathaus' WHERE slug = 'rathaus' RETURNING 1")
    seed()
    assert city.call("get-listing", path="/api/listings/rathaus").body["title"] == "Neues Rathaus"


def test_the_first_admin_that_is_announced_has_an_account(seeded: list[City]) -> None:
    for city in seeded:
        [said] = city.events("city.onboarded")
        assert said.data["adminEmail"] == f"super-city-admin@{city.tenant.slug}.example"
        assert [said.data["primaryColor"]] == [
            f.city.theme.primary for f in load_cities() if f.city.slug == city.tenant.slug
        ]


def test_default_categories_do_not_double_the_seeded_ones(seeded: list[City]) -> None:
    before = counts()
    for city in seeded:
        deliver("create-default-categories", city.events("city.onboarded")[0])
    assert counts() == before


def test_the_cities_have_the_usual_tiles_for_what_they_offer(seeded: list[City]) -> None:
    for city in seeded:
        deliver("create-default-tiles", city.events("city.onboarded")[0])
        assert [tile["link"] for tile in city.call("list-tiles").body["items"]] == [
            "/search",
            "/search/Rathaus",
            "/search/Schwimmbad",
            "/nearby",
            "/chat",
        ]


def test_seeded_listings_count_in_their_citys_quota(seeded: list[City]) -> None:
    seed()
    for city, facts in zip(seeded, load_cities(), strict=True):
        assert city.rows("core", "SELECT kind, used FROM usage") == [["listings", len(facts.listings)]]


def test_a_city_of_that_name_that_was_there_before_is_filled_not_doubled(seeded: list[City]) -> None:
    city = seeded[1]
    city.rows("core", "DELETE FROM listings RETURNING 1")
    city.rows("core", "DELETE FROM categories WHERE parent_id IS NOT NULL RETURNING 1")
    seed()
    assert city.call("list-listings", query="count=true&limit=1").body["total"] == len(
        load_cities()[1].listings
    )


def test_without_a_broker_nothing_is_lost(seeded: list[City]) -> None:
    from functions.platform.outbox_relay import BrokerAway

    with entered({"BROKER_URL": "http://127.0.0.1:9"}), pytest.raises(BrokerAway):
        publish()
    assert len(seeded[0].events("city.onboarded")) == 1


def test_with_the_stack_running_the_seeds_events_are_published_at_once(seeded: list[City]) -> None:
    with answering() as broker:
        assert publish() == len(broker.came)
    ours = {str(city.id) for city in seeded}
    types = [
        event["ce-type"].removeprefix("app.heidi.") for event in broker.came if event["ce-tenantid"] in ours
    ]
    assert (types.count("city.onboarded"), types.count("user.created")) == (2, 8)
    assert [city.events("city.onboarded") for city in seeded] == [[], []]


def test_the_chatbot_is_given_what_it_lacks_and_nothing_twice(seeded: list[City]) -> None:
    facts, given = load_cities()[0], []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/auth/login":
            said = call("login", body=json.loads(request.content), tenant=request.headers["x-tenant-id"])
            return httpx.Response(said.status, json=said.body)
        assert request.headers["x-tenant-id"] == "heidelberg"
        assert call("whoami", token=request.headers["authorization"].removeprefix("Bearer ")).body[
            "roles"
        ] == ["city_admin"]
        if request.method == "POST":
            given.append(request.headers["idempotency-key"])
            return httpx.Response(202, json={})
        return httpx.Response(
            200,
            json={
                "items": [
                    {"title": facts.documents[0].title},
                    {"filename": facts.documents[1].file, "size": 3},
                ]
            },
        )

    with httpx.Client(base_url="http://heidi", transport=httpx.MockTransport(answer)) as http:
        assert hand_in(http, seeded[0].tenant, facts.documents) == len(facts.documents) - 2
        hand_in(http, seeded[0].tenant, facts.documents)
    assert len(set(given)) == len(facts.documents) - 2


def test_terms_are_published_once_and_bind_nobody(
    seeded: list[City], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    seed("terms")
    assert capsys.readouterr().out.count(": 0 versions") == len(seeded)  # they came with the rest
    for city in seeded:
        terms = city.call("get-terms").body
        assert (terms["version"], terms["mandatory"]) == (1, False)


@pytest.mark.parametrize(
    "name", [name for name in SEEDS if name not in ("all", "categories", "tiles", "terms", "initial-admin")]
)
def test_seeds_without_functions_say_so_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    seed(name)
    assert capsys.readouterr().out.count("\n") == 1


def test_a_seed_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(CommandFailed, match="initial-admin"):
        seed("listings")


def test_there_is_no_demonstration_in_production() -> None:
    secrets = {
        "JWT_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "BROKER_TOKEN": "c" * 40,
        "ENCRYPTION_KEY": "d" * 40,
    }
    with entered({"ENVIRONMENT": "production", **secrets}):
        for name in ("all", "categories", "tiles", "terms", "initial-admin"):
            with pytest.raises(CommandFailed, match="production"):
                seed(name)


def test_quick_passwords_are_quick_only_for_the_demonstration() -> None:
    from shared.kit.settings import settings

    with entered({"BCRYPT_ROUNDS": "11"}):
        with quick_passwords():
            assert settings().bcrypt_rounds == 4
        assert settings().bcrypt_rounds == 11


def test_the_welcome_names_every_person_and_the_password_once() -> None:
    text = welcome()
    assert logins() in text
    assert text.count(DEMO_PASSWORD) == 1
    for who in ("super-admin@platform.example", "editor@heidelberg.example", "citizen@ladenburg.example"):
        assert who in text
    assert "http://heidelberg.localhost:8080/api/listings" in text
