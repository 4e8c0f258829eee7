"""Another city's things do not exist: their real ids are answered as ids of nothing are, whoever asks, in
addresses and in bodies.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from shared.auth.rbac import ANONYMOUS, MATRIX
from shared.kit.record import PLACEHOLDER, Record, camel
from tests.adapters.running import ThirdParties
from tests.auth.people import join, login
from tests.random_walk import Walk, requests
from tests.security.reading import OUTSIDE, WRITES, body_model, by_name, fields_of
from tests.support import Answer, City, call
from tooling.stack.environment import entered

OWN_NAMES = {"deviceId", "bundleId"}  # an app's own name for itself, in every city
NUMBERED = {"entry_id", "type", "kind"}  # each city counts from one, or says a word
SAME_AS = {"parentId": "categoryId"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Another city in which there is one of everything."""
    servers = ThirdParties(tmp_path_factory.mktemp("thirdparty"))
    servers.start()
    with City.known("ladenburg") as made, entered(servers.environment()):
        walk = Walk(made).through("POST", "PUT", "PATCH", "GET")
        person = join(made)
        session = call("list-sessions", token=login(made, person).body["accessToken"]).body["items"][0]["id"]
        walk.ids |= {"userId": str(person.id), "sessionId": session}
        yield walk
    servers.stop()


def same(got: Answer, named: str) -> tuple[int, str]:
    """An answer without what differs from call to call."""
    error = (
        {k: v for k, v in got.body["error"].items() if k in ("code", "message", "details")}
        if got.status >= 400
        else got.body
    )
    return got.status, json.dumps(error, ensure_ascii=False).replace(named, "ID")


def ask(record: Record, city: City, role: str, path: str, body: Any = None) -> Answer:
    token = "" if role == ANONYMOUS else city.token(role)
    if record.method != "GET" and body is None:
        body = next((case.body for case in requests(record.name) if isinstance(case.body, dict)), {})
    return call(
        record.name,
        path=path,
        token=token,
        tenant="" if record.tenantless else city.tenant.slug,
        body=None if record.method == "GET" else body,
    )


@pytest.mark.parametrize("record", [r for r in OUTSIDE if "{" in r.path and not r.tenantless], **by_name)
def test_a_real_id_of_another_city_in_an_address_is_an_id_of_nothing(
    record: Record, city: City, elsewhere: Walk
) -> None:
    holes = [name for name in PLACEHOLDER.findall(record.path) if name not in NUMBERED]
    if not holes or not all(camel(name) in elsewhere.ids for name in holes):
        pytest.skip(f"nothing is made for {holes}")
    foreign, nothing = elsewhere.ids[camel(holes[-1])], str(uuid4())
    for role in MATRIX:
        if role != "super_admin" or "city" not in holes:  # who may change every city, may
            paths = [
                PLACEHOLDER.sub(partial(filled, holes, last, elsewhere), record.path)
                for last in (foreign, nothing)
            ]
            theirs, none = (
                same(ask(record, city, role, paths[0]), foreign),
                same(ask(record, city, role, paths[1]), nothing),
            )
            assert theirs == none, (role, record.path)
            assert theirs[0] in (401, 403, 404, 422, 204 if record.method == "DELETE" else 404), (
                role,
                theirs,
            )
    assert theirs[0] != 404 or "_NOT_FOUND" in theirs[1]


def filled(holes: list[str], last: str, elsewhere: Walk, hole: re.Match[str]) -> str:
    """A value for a placeholder; the last one is in question."""
    name = hole[1]
    return last if holes and name == holes[-1] else elsewhere.ids.get(camel(name), "listing")


def references() -> list[tuple[Record, str]]:
    """Every field of a body that names another thing."""
    return [
        (record, name)
        for record in WRITES
        if not record.tenantless
        for name in sorted(fields_of(body_model(record)))
        if name.endswith(("Id", "Ids")) and name not in OWN_NAMES
    ]


@pytest.mark.parametrize(("record", "name"), references(), **by_name)
def test_a_real_id_of_another_city_in_a_body_is_an_id_of_nothing(
    record: Record, name: str, city: City, elsewhere: Walk
) -> None:
    single = SAME_AS.get(name, name.removesuffix("s"))
    if single not in elsewhere.ids:
        pytest.skip(f"nothing is made for {single}")
    own = Walk(city).through("POST")
    foreign, nothing = elsewhere.ids[single], str(uuid4())
    body = next(case.body for case in requests(record.name) if isinstance(case.body, dict))
    answers = []
    for value in (foreign, nothing):
        named = own.known(body) | {name: [value] if name.endswith("s") else value}
        answers.append(same(ask(record, city, "super_admin", own.path(record), named), value))
    assert answers[0] == answers[1]
    assert answers[0][0] in (404, 409, 422), answers[0]


def test_a_walk_leaves_something_of_most_kinds(elsewhere: Walk) -> None:
    assert {
        "listingId",
        "categoryId",
        "documentId",
        "mediaId",
        "buildId",
        "userId",
        "sessionId",
        "city",
    } <= set(elsewhere.ids)
