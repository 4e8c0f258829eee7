"""What several people may edit: whoever has not seen the newest version is told who changed what, and writes
nothing.
"""

from typing import Any
from uuid import UUID

import pytest

from tests.audit.log import record
from tests.city.factories import platform, registered
from tests.core.factories import make_category
from tests.support import Answer, City
from tests.users.people import known
from tooling.registry import records

# writes of a whole or a part that no version is asked for, and why
OWN = "one's own: nobody else edits it"
UNVERSIONED = {
    "add-favorite": OWN,
    "approve-listing": "a decision about a state: whoever comes second hears 409",
    "assign-role": "says all roles that somebody has from now on; ranks decide who may",
    "reject-listing": "a decision about a state: whoever comes second hears 409",
    "reorder-tiles": "names every tile, or is refused: none that is new can be lost",
    "save-legal-text": "each is a version of its own, none replaces another",
    "set-city-boundary": "replaced as a whole from a file, not edited",
    "set-city-quotas": "what was agreed, as a whole, by the platform alone",
    "set-consents": OWN,
    "set-preferences": OWN,
    "update-my-profile": OWN,
}


def test_every_change_of_something_wants_a_version_or_says_why_not() -> None:
    changes = {r.name: r for r in records().values() if r.kind == "http" and r.method in {"PUT", "PATCH"}}
    unversioned = {name for name, record in changes.items() if not record.versioned}
    assert unversioned == set(UNVERSIONED), (
        "several people may edit it: versioned=True at the reader and the writer, ctx.refuse_outdated(row, …) in the writer,"
        " versioned(…) in a migration; or a reason in UNVERSIONED"
    )


def test_whatever_wants_a_version_can_be_read_with_one() -> None:
    versioned = [r for r in records().values() if r.versioned]
    read = {r.path.rpartition("/")[0] for r in versioned if r.method == "GET"}
    assert {r.path.rpartition("/")[0] for r in versioned if r.method != "GET"} == read


def seen(city: City, name: str, path: str, role: str = "city_admin", **parts: Any) -> str:
    return city.call(name, role, path=path, **parts).headers["ETag"]


def write(city: City, category: UUID, etag: str, **changes: Any) -> Answer:
    return city.call(
        "update-category",
        "city_admin",
        path=f"/api/categories/{category}",
        body=changes,
        headers={"if-match": etag},
    )


def test_without_a_version_nothing_is_written(city: City) -> None:
    category = make_category(city)
    refused = write(city, category, "", icon="swim")
    assert (refused.status, refused.code) == (428, "VERSION_REQUIRED")


def test_the_second_of_two_editors_is_told_what_has_changed_and_by_whom(city: City) -> None:
    category = make_category(city)
    path = f"/api/categories/{category}"
    german, english = (
        seen(city, "get-category", path, headers={"accept-language": language}) for language in ("de", "en")
    )
    first = write(city, category, german, icon="swim")
    assert (first.status, first.body["version"]) == (200, 2)
    record(city, *city.changes("core"))
    late = write(city, category, english, icon="run")
    assert (late.status, late.code, late.headers["ETag"]) == (412, "VERSION_OUTDATED", '"2"')
    details = late.body["error"]["details"]
    assert (details["version"], details["seen"]) == (2, 1)
    [change] = details["changes"]
    assert (UUID(change["by"]), "icon" in change["fields"]) == (city.person("city_admin"), True)
    assert write(city, category, first.headers["ETag"], icon="run").body["icon"] == "run"


def test_the_refusal_stands_when_the_audit_does_not_answer(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import Unavailable

    category = make_category(city)
    write(city, category, "*", icon="swim")

    def away(*_: object, **__: object) -> bytes:
        raise Unavailable(dependency="audit")

    monkeypatch.setattr("shared.peers.internal_calls.ask", away)
    late = write(city, category, '"1"', icon="run")
    assert (late.status, late.body["error"]["details"]["changes"]) == (412, None)


def test_saving_what_is_there_already_makes_no_version(city: City) -> None:
    category = make_category(city)
    etag = seen(city, "get-category", f"/api/categories/{category}")
    answer = city.call("get-category", "city_admin", path=f"/api/categories/{category}").body
    same = write(city, category, etag, icon=answer["icon"])
    assert (same.status, same.body["version"]) == (200, 1)


def test_tiles_count_what_is_edited_and_not_where_they_stand(city: City) -> None:
    body = {"titles": {"de": "Bad"}}
    first, second = (city.call("create-tile", "city_admin", body=body).body["id"] for _ in range(2))
    path = f"/api/tiles/{first}"
    etag = seen(city, "get-tile", path)
    city.call("reorder-tiles", "city_admin", body={"ids": [second, first]})
    sent: dict[str, Any] = {"path": path, "body": {"icon": "swim"}, "headers": {"if-match": etag}}
    assert city.call("update-tile", "city_admin", **sent).body["version"] == 2
    assert city.call("update-tile", "city_admin", **sent).status == 412


def test_a_city_is_not_changed_by_who_has_not_seen_its_newest_version(city: City) -> None:
    with registered(city) as made:
        first, late = (
            platform(city, "update-city", made.id, body={"name": name}, headers={"if-match": '"1"'})
            for name in ("Neustadt", "Altstadt")
        )
    assert (first.status, first.headers["ETag"][:3], late.status) == (200, '"2.', 412)


def test_a_person_is_not_corrected_by_who_has_not_seen_the_newest_version(city: City) -> None:
    person = known(city)
    path = f"/api/users/{person.id}"
    etag = seen(city, "get-user", path)
    first, late = (
        city.call("update-user", "city_admin", path=path, body={"name": name}, headers={"if-match": etag})
        for name in ("Kim", "Toni")
    )
    assert (first.status, late.status) == (200, 412), first.body


def test_an_app_is_not_configured_over_somebody_elses_configuration(city: City) -> None:
    configuration = {
        "appName": "Neustadt",
        "shortName": "Neustadt",
        "bundleId": "de.neustadt.app",
        "theme": {"primary": "#00508c", "secondary": "#ffb400", "background": "#ffffff", "text": "#1a1a1a"},
    }
    assert city.call("save-app-config", "super_city_admin", body=configuration).status == 200
    etag = seen(city, "get-app-config", "/api/factory/app-config", role="super_city_admin")
    first, late = (
        city.call("save-app-config", "super_city_admin", body=configuration, headers={"if-match": etag})
        for _ in range(2)
    )
    assert (first.status, first.body["version"], late.status) == (200, 2, 412)
