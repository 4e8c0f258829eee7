"""Nobody gives themselves what they may not have by naming it: each function refuses every field that it does
not declare.
"""

from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from shared.kit.record import Record
from shared.runtime.binding import Binding
from tests.random_walk import Walk, requests
from tests.security.reading import WRITES, body_model, by_name, path_of, taken
from tests.support import Answer, City, call

FORBIDDEN = (
    "role",
    "roles",
    "tenantId",
    "tenant_id",
    "status",
    "state",
    "createdBy",
    "created_by",
    "id",
    "permissions",
    "scopes",
    "passwordHash",
    "password_hash",
    "emailVerifiedAt",
    "verified",
    "isAdmin",
    "active",
    "version",
    "publishedAt",
    "createdAt",
    "impersonatorId",
    "featured",
    "quotas",
    "deletedAt",
    "__proto__",
    "constructor",
    "heidi.tenant",
)
DECIDED_HERE = {
    "role": {"invite-user"},
    "roles": {"assign-role"},
    "tenantId": {"login", "login-guest", "register-guest", "rag-query", "trigger-build"},
    "scopes": {"create-api-token"},
    "quotas": {"set-city-quotas", "onboard-city"},
}
# GeoJSON may hold what we do not know (RFC 7946 §6.1); it is not kept
FOREIGN_MEMBERS = {"set-city-boundary"}
BODIED = [record for record in WRITES if body_model(record) and record.name not in FOREIGN_MEMBERS]


def top(record: Record) -> set[str]:
    """What the body itself may have, in both spellings."""
    model = body_model(record)
    assert model is not None
    return {name for key, field in model.model_fields.items() for name in (key, field.alias or key)}


def send(record: Record, city: City, **parts: Any) -> Answer:
    return call(
        record.name,
        path=path_of(record),
        token=city.token("super_admin"),
        tenant="" if record.tenantless else city.tenant.slug,
        **parts,
    )


def refused(got: Answer) -> set[str]:
    """The fields that the answer says are unknown."""
    assert (got.status, got.code) == (422, "VALIDATION_FAILED"), got.body
    return {
        each["field"] for each in got.body["error"]["details"]["errors"] if each["code"] == "UNKNOWN_FIELD"
    }


@pytest.mark.parametrize("record", BODIED, **by_name)
def test_a_field_that_is_not_declared_is_refused_by_its_name(record: Record, city: City) -> None:
    valid = next(dict(case.body) for case in requests(record.name) if isinstance(case.body, dict))
    for name in FORBIDDEN:
        if name not in top(record):
            assert name in refused(send(record, city, body=valid | {name: "super_admin"})), name


@pytest.mark.parametrize("record", BODIED, **by_name)
def test_it_is_refused_inside_of_things_as_well(record: Record, city: City) -> None:
    model = body_model(record)
    for case in requests(record.name):
        for key, inner in case.body.items() if isinstance(case.body, dict) else ():
            field = next(
                (f for name, f in (model.model_fields if model else {}).items() if key in (name, f.alias)),
                None,
            )
            if (
                isinstance(inner, dict)
                and field is not None
                and models(field.annotation)
                and get_origin(field.annotation) is not dict
            ):
                got = send(record, city, body=case.body | {key: inner | {"tenantId": "x"}})
                assert f"{key}.tenantId" in refused(got) or any(
                    name.endswith(".tenantId") for name in refused(got)
                )


@pytest.mark.parametrize("record", WRITES, **by_name)
def test_the_query_brings_in_nothing_either(record: Record, city: City) -> None:
    for name in ("role", "tenantId", "status", "createdBy"):
        if name not in taken(record):
            got = send(record, city, query=f"{name}=super_admin", body={} if body_model(record) else None)
            assert (got.status, got.code) == (422, "VALIDATION_FAILED"), (name, got.body)


@pytest.mark.parametrize("record", BODIED, **by_name)
def test_a_form_brings_in_no_more_than_json_does(record: Record, city: City) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="tenantId"\r\n\r\n1\r\n--x--\r\n'
    got = send(record, city, body=form, headers={"content-type": "multipart/form-data; boundary=x"})
    assert 400 <= got.status < 500
    assert "tenantId" in top(record) or got.status == 415 or "tenantId" in refused(got)


@pytest.mark.parametrize("record", WRITES, **by_name)
def test_only_those_functions_take_such_a_field_that_are_there_for_it(record: Record) -> None:
    for name, allowed in DECIDED_HERE.items():
        assert name not in taken(record) or record.name in allowed
    assert not {"createdBy", "permissions", "passwordHash", "emailVerifiedAt", "impersonatorId"} & taken(
        record
    )


def test_what_is_made_belongs_to_its_maker_and_their_city(city: City) -> None:
    walk = Walk(city, "city_admin").through("POST")
    made = city.call("get-listing", "city_admin", path=f"/api/listings/{walk.ids['listingId']}")
    assert made.status == 200
    assert city.rows("core", "SELECT DISTINCT tenant_id, created_by FROM listings") == [
        [city.id, city.person("city_admin")]
    ]


def test_every_body_and_everything_in_it_refuses_what_it_does_not_know() -> None:
    for record in BODIED:
        for model in models(body_model(record)):
            assert model.model_config.get("extra") == "forbid", (record.name, model.__name__)
        parameters = Binding.of(record).parameters
        assert parameters is None or parameters.model_config["extra"] == "forbid"


def models(annotation: Any, seen: tuple[Any, ...] = ()) -> set[Any]:
    """All models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        return {annotation}.union(
            *(models(field.annotation, (*seen, annotation)) for field in annotation.model_fields.values())
        )
    return set().union(*(models(part, seen) for part in get_args(annotation)))
