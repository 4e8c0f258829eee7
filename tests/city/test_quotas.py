"""What a city may use and what it uses: agreed by plan or number, known everywhere at once, gathered from the
services.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from uuid import UUID

import pytest

from functions.city.usage.quotas import PLANS, Quotas
from functions.city.usage.usage import COUNTED_BY
from shared.errors import Unavailable
from shared.quotas import Kind
from tests.city.factories import onboard, platform, registered, resolved
from tests.support import City, asked, call

SOME = {"listings": 5, "storageBytes": 1_000_000, "builds": None, "questions": 0}
ANSWERS: dict[str, Any] = {
    "core": {"listings": 3, "storage_bytes": 2_048},
    "factory": {},
    "chatbot": {"questions": 7, "storage_bytes": 512},
    "users": {"storage_bytes": 64},
}


def usage(by: City, which: object, role: str = "super_city_admin"):
    return by.call("get-city-usage", role, path=f"/api/cities/{which}/usage")


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the other services answer when they are asked; an exception is raised."""
    answers = dict(ANSWERS)

    def answer(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
        if not path.endswith("/usage"):
            return asked(path, tenant_id, timeout=timeout)
        found = answers.get(path.split("/")[3], {})
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    monkeypatch.setattr("shared.peers.internal_calls.ask", answer)
    return answers


def test_quotas_are_known_to_every_function_at_once(city: City) -> None:
    with registered(city) as made:
        kept = platform(city, "set-city-quotas", made.tenant.slug, "/quotas", body=SOME)
        assert (kept.status, kept.body) == (200, SOME)
        assert resolved(made.tenant.slug).quotas == {
            "listings": 5,
            "storage_bytes": 1_000_000,
            "questions": 0,
        }


def test_a_new_city_has_those_of_its_plan_or_its_own(city: City) -> None:
    with (
        registered(city) as standard,
        registered(city, plan="small") as small,
        registered(city, quotas=SOME) as own,
        registered(city, plan="unlimited") as free,
    ):
        assert standard.tenant.quotas == PLANS["medium"].limits
        assert small.tenant.quotas == PLANS["small"].limits
        assert own.tenant.quotas == {"listings": 5, "storage_bytes": 1_000_000, "questions": 0}
        assert free.tenant.quotas == {}
    assert onboard(city, plan="small", quotas=SOME).status == 422
    assert onboard(city, plan="huge").status == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"listings": 5},
        SOME | {"listings": -1},
        SOME | {"listings": 1.5},
        SOME | {"listings": "many"},
        SOME | {"listings": 2**70},
        SOME | {"seats": 3},
        SOME | {"tenantId": "x"},
    ],
)
def test_all_quotas_are_said_and_nothing_else(city: City, body: dict[str, object]) -> None:
    with registered(city) as made:
        assert platform(city, "set-city-quotas", made.id, "/quotas", body=body).status == 422
        assert resolved(str(made.id)).quotas == PLANS["medium"].limits


def test_only_the_platform_sets_quotas(city: City) -> None:
    with registered(city) as made:
        for role in ("super_city_admin", "city_admin", "editor"):
            refused = call(
                "set-city-quotas", path=f"/api/cities/{made.id}/quotas", token=made.token(role), body=SOME
            )
            assert refused.code == "FORBIDDEN"
        assert (
            made.call(
                "update-city", "super_city_admin", path=f"/api/cities/{made.id}", body={"quotas": SOME}
            ).status
            == 422
        )


def test_quotas_that_are_set_at_the_same_time_are_never_mixed(city: City) -> None:
    with registered(city) as made, ThreadPoolExecutor(8) as pool:
        bodies = [dict.fromkeys(SOME, n) for n in range(1, 17)]
        answers = list(
            pool.map(lambda body: platform(city, "set-city-quotas", made.id, "/quotas", body=body), bodies)
        )
        assert {answer.status for answer in answers} == {200}
        [[kept]] = made.rows("city", "SELECT quotas FROM cities WHERE id = :id", id=made.id)
        assert len(kept) == 4
        assert len(set(kept.values())) == 1


def test_usage_is_what_the_services_count_beside_what_is_agreed(city: City, services: dict[str, Any]) -> None:
    with registered(city, quotas=SOME) as made:
        found = usage(made, made.tenant.slug)
        assert found.status == 200, found.body
        assert found.body.pop("month")
        assert found.body == {
            "listings": {"used": 3, "limit": 5},
            "storageBytes": {
                "used": 2_624,
                "limit": 1_000_000,
                "byService": dict.fromkeys(COUNTED_BY, 0) | {"core": 2_048, "chatbot": 512, "users": 64},
            },
            "builds": {"used": 0, "limit": None},
            "questions": {"used": 7, "limit": 0},
            "missing": [],
        }


@pytest.mark.parametrize(
    "silence", [Unavailable(dependency="chatbot"), b"", b"<html>", b"[]", b'{"questions": "many"}', b"null"]
)
def test_a_service_that_does_not_say_is_named_and_never_counted_as_nothing(
    city: City, services: dict[str, Any], silence: object
) -> None:
    with registered(city) as made:
        services["chatbot"] = silence
        found = usage(made, made.id).body
        assert found["missing"] == ["chatbot"]
        assert (found["questions"]["used"], found["storageBytes"]["used"]) == (None, None)
        assert found["storageBytes"]["byService"]["core"] == 2_048
        assert found["listings"]["used"] == 3


def test_the_services_are_asked_about_this_city(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with registered(city) as made:
        heard = []
        monkeypatch.setattr(
            "shared.peers.internal_calls.ask",
            lambda path, tenant_id, **_: heard.append((path, tenant_id)) or b"{}",
        )
        assert platform(city, "get-city-usage", made.id, "/usage").status == 200
        assert heard == [
            (f"/api/internal/{service}/usage", made.id) for service in COUNTED_BY if service != "city"
        ]


def test_nobody_reads_another_citys_usage(city: City, services: dict[str, Any]) -> None:
    with registered(city) as mine, registered(city) as foreign:
        refused = usage(mine, foreign.id)
        assert (refused.status, refused.code) == (404, "CITY_NOT_FOUND")
        assert usage(mine, mine.id, "city_admin").code == "FORBIDDEN"


def test_every_kind_has_a_quota_and_one_service_that_counts_it_but_for_bytes_which_all_do() -> None:
    assert set(Quotas.model_fields) == set(get_args(Kind))
    counted = [kind for kinds in COUNTED_BY.values() for kind in kinds]
    assert sorted(kind for kind in counted if kind != "storage_bytes") == sorted(
        {*get_args(Kind)} - {"storage_bytes"}
    )
    assert counted.count("storage_bytes") == len(COUNTED_BY)
