"""An export: everything from every service, as one archive, which says when something is missing."""

import csv
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest

from events.privacy import ExportPart, ExportRequested
from shared.adapters import storage
from shared.auth import signing
from shared.kit.keepers import KEEPERS
from tests.audit.log import said
from tests.privacy.lives import active, erase, tick
from tests.support import Answer, City, call, deliver

pytestmark = pytest.mark.usefixtures("thirdparty")
AGE = "UPDATE exports SET created_at = created_at - make_interval(mins => :minutes) RETURNING 1"


def export(token: str, wanted: str = "") -> Answer:
    return call("export-my-data", token=token, query=f"format={wanted}" if wanted else "")


def unpacked(answer: Answer) -> dict[str, bytes]:
    assert answer.status == 200, answer.body
    with ZipFile(io.BytesIO(answer.raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def exported(city: City, token: str, wanted: str = "") -> dict[str, bytes]:
    assert export(token).status == 202
    city.settle()
    return unpacked(export(token, wanted))


def manifest(files: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["manifest.json"])
    return found


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_all_services_hand_out_what_they_hold(city: City) -> None:
    person, token = active(city)
    files = exported(city, token)
    assert (manifest(files)["complete"], manifest(files)["missing"]) == (True, [])
    assert manifest(files)["services"].keys() == set(KEEPERS)
    assert {f"{service}.json" for service in KEEPERS} <= files.keys()
    held = {service: json.loads(files[f"{service}.json"]) for service in KEEPERS}
    assert held["auth"]["accounts"][0]["email"] == held["users"]["profiles"][0]["email"] == person.email
    assert held["core"]["listings"][0]["contact"] == {"name": "Ada Lenz"}
    assert [held["notification"]["recipients"][0][known] for known in ("name", "marketing")] == [
        "Ada Lenz",
        True,
    ]
    assert held["analytics"]["consents"][0]["granted"]
    assert held["users"]["devices"][0]["device_id"] == "phone"
    assert held["chatbot"]["documents"][0]["title"] == "Satzung"
    assert held["factory"]["builds"][0]["number"] == 1
    assert held["audit"]["entries"]
    assert files["photo.png"] == b"photo"
    assert manifest(files)["rows"] == sum(len(rows) for part in held.values() for rows in part.values())


def test_secrets_and_other_people_are_not_in_it(city: City, other_city: City) -> None:
    neighbour, _ = active(city)
    stranger, _ = active(other_city)
    _, token = active(city)
    whole = b"".join(exported(city, token).values())
    for secret in (
        b"password_hash",
        b"$2b$",
        b"fcm-",
        b"token_hash",
        neighbour.email.encode(),
        stranger.email.encode(),
        str(other_city.id).encode(),
    ):
        assert secret not in whole


def test_secrets_are_not_in_a_whole_citys_export_either(city: City) -> None:
    person, _ = active(city)
    city.rows(
        "city",
        """INSERT INTO apps (id, tenant_id, name, platform, bundle_id, origins, redirects, secret_hash, created_at)
      VALUES (:id, :tenant, 'Rathaus', 'ios', 'de.rathaus', '{}', '{}', :secret, now()) RETURNING 1""",
        id=uuid4(),
        tenant=city.id,
        secret=b"s3cret",
    )
    asked = said(city, ExportRequested(export_id=uuid4()))
    for service in KEEPERS:
        assert deliver(f"export-{service}-data", asked).status == 204
    whole = b"".join(storage.get(city.id, key) for key in storage.keys(city.id, "exports/"))
    assert person.email.encode() in whole
    assert b"de.rathaus" in whole
    for secret in (
        b"password_hash",
        b"$2b$",
        b"fcm-",
        b"token_hash",
        b"refresh_id",
        b"secret_hash",
        b"previous_hash",
        b"s3cret".hex().encode(),
    ):
        assert secret not in whole, secret


def test_the_first_call_says_that_it_takes_time_and_from_whom_something_is_missing(city: City) -> None:
    _, token = active(city)
    first = export(token)
    assert (first.status, first.headers["Retry-After"]) == (202, "5")
    assert first.body == {"status": "gathering", "exportId": first.body["exportId"], "missing": list(KEEPERS)}
    again = export(token)
    assert again.body == first.body
    assert len(city.events("export.requested")) == 1


def test_whoever_asks_twice_at_once_gets_one_export(city: City) -> None:
    _, token = active(city)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: export(token), range(8)))
    assert len({answer.body["exportId"] for answer in answers}) == 1
    assert len(city.events("export.requested")) == 1


def test_what_is_missing_after_ten_minutes_is_named_in_what_is_there(city: City) -> None:
    _, token = active(city)
    export(token)
    [asked] = city.events("export.requested")
    for service in ("auth", "users"):
        assert deliver(f"export-{service}-data", asked).status == 204
    for part in city.events("export.part"):
        deliver("record-export-part", part)
    city.rows("users", AGE, minutes=9)
    assert export(token).status == 202
    city.rows("users", AGE, minutes=2)
    answer = export(token)
    assert answer.headers["X-Export-Complete"] == "false"
    said_of_it = manifest(unpacked(answer))
    assert (said_of_it["complete"], said_of_it["missing"]) == (
        False,
        [s for s in KEEPERS if s not in ("auth", "users")],
    )
    city.settle()
    assert export(token).headers["X-Export-Complete"] == "true"


def test_there_is_a_new_one_after_an_hour(city: City) -> None:
    _, token = active(city)
    first = export(token).body["exportId"]
    city.rows("users", AGE, minutes=59)
    assert export(token).status == 200
    city.rows("users", AGE, minutes=2)
    assert export(token).body["exportId"] != first


def test_the_formats_can_be_had_alone(city: City) -> None:
    _, token = active(city)
    both = exported(city, token)
    assert {"users.json", "users/profiles.csv"} <= both.keys()
    assert not [name for name in unpacked(export(token, "json")) if name.endswith(".csv")]
    assert {"manifest.json", *(n for n in both if n.endswith(".csv")), "photo.png"} == unpacked(
        export(token, "csv")
    ).keys()
    assert export(token, "xml").status == 422


def test_a_spreadsheet_computes_nothing_of_it(city: City) -> None:
    _, token = active(city)
    assert (
        call("update-my-profile", token=token, body={"name": '=HYPERLINK("http://evil.example")'}).status
        == 200
    )
    files = exported(city, token)
    assert table(files["users/profiles.csv"])[0]["name"] == '\'=HYPERLINK("http://evil.example")'
    assert json.loads(files["users.json"])["profiles"][0]["name"].startswith("=HYPERLINK")


def test_only_the_person_themselves_gets_it(city: City) -> None:
    person, token = active(city)
    acting, _ = signing.issue(
        "access",
        person.id,
        city.id,
        ["super_city_admin"],
        uuid4(),
        now=time.time(),
        act={"sub": str(uuid4())},
    )
    assert export(acting).code == "IN_PERSON_ONLY"
    export(token)
    assert city.call("export-my-data", "city_admin").code == "PROFILE_NOT_FOUND"


def test_another_persons_part_is_not_taken_for_ones_own(city: City) -> None:
    _, token = active(city)
    asked = UUID(export(token).body["exportId"])
    foreign = ExportPart(
        export_id=asked, user_id=uuid4(), service="core", key="exports/other/core.json", rows=1
    )
    assert deliver("record-export-part", said(city, foreign)).status == 204
    assert "core" in export(token).body["missing"]


def test_a_citys_export_is_none_of_this_services_business(city: City) -> None:
    storage.put(city.id, "exports/city/core/x.jsonl", b"{}")
    part = ExportPart(export_id=uuid4(), service="core", key="exports/city/core/x.jsonl", rows=1)
    assert deliver("record-export-part", said(city, part)).status == 204
    assert list(storage.keys(city.id, "exports/city/")) == ["exports/city/core/x.jsonl"]


def test_a_citys_export_holds_nobodys_secrets_either(city: City) -> None:
    person, _ = active(city)
    for service in KEEPERS:
        assert (
            deliver(f"export-{service}-data", said(city, ExportRequested(export_id=uuid4()))).status == 204
        ), service
    whole = b"".join(storage.get(city.id, key) for key in storage.keys(city.id, "exports/"))
    assert str(person.id).encode() in whole
    assert person.email.encode() in whole
    for secret in (b"password_hash", b"$2b$", b"fcm-", b"token_hash", b"refresh_id"):
        assert secret not in whole, secret


def test_after_seven_days_it_is_gone(city: City) -> None:
    _, token = active(city)
    exported(city, token)
    tick("expire-exports")
    assert len(list(storage.keys(city.id, "exports/"))) == len(KEEPERS)
    city.rows("users", AGE, minutes=7 * 24 * 60 + 1)
    tick("expire-exports")
    assert list(storage.keys(city.id, "exports/")) == []
    assert city.rows("users", "SELECT count(*) FROM exports") == [[0]]


def test_erasure_takes_the_export_along_and_a_late_part_does_not_stay(city: City) -> None:
    person, token = active(city)
    exported(city, token)
    late = city.events("export.part")[0]
    erase(city, person.id)
    assert list(storage.keys(city.id, "exports/")) == []
    storage.put(city.id, late.data["key"], b"{}")
    city.rows("users", "DELETE FROM inbox RETURNING 1")
    assert deliver("record-export-part", late).status == 204
    assert list(storage.keys(city.id, "exports/")) == []
