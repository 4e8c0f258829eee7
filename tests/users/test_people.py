"""The people of a city: who may see them, change them, shut them out; nobody above oneself, nobody elsewhere."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from events.auth import GuestConverted, RoleChanged
from shared.errors import Unavailable
from shared.tenancy.tenants import PLATFORM
from tests.audit.log import said
from tests.support import City, call, deliver
from tests.users.people import Known, known, with_account

RANKED = ("citizen", "editor", "city_admin", "super_city_admin")
DECISIONS = [
    ("update-user", "", {"name": "X"}),
    ("deactivate-user", "/deactivate", None),
    ("reactivate-user", "/reactivate", None),
    ("delete-user", "", None),
    ("restore-user", "/restore", None),
]


@pytest.fixture
def admin(city: City) -> Known:
    return known(city, "city_admin", "Berta Chefin")


@pytest.fixture
def person(city: City) -> Known:
    return known(city, "editor")


def found(admin: Known, query: str = "") -> list[str]:
    answer = admin.call("list-users", query=query)
    assert answer.status == 200, answer.body
    return [item["id"] for item in answer.body["items"]]


def test_a_person_is_shown_with_roles_and_state_and_without_what_is_nobodys(
    admin: Known, person: Known
) -> None:
    seen = admin.about("get-user", person)
    assert seen.status == 200, seen.body
    assert set(seen.body) == {
        "id",
        "version",
        "email",
        "name",
        "salutation",
        "firstName",
        "lastName",
        "phone",
        "photoUrl",
        "language",
        "roles",
        "state",
        "deletedAt",
        "createdAt",
        "updatedAt",
    }
    assert (seen.body["roles"], seen.body["state"], seen.body["email"]) == (
        ["editor"],
        "active",
        person.email,
    )


def test_people_are_found_by_the_beginning_of_name_or_address(city: City, admin: Known) -> None:
    ada, zoe = known(city, name="Ada Lenz"), known(city, name="Zoé 100%", email="zoe_x@example.org")
    assert found(admin, "q=ada") == [str(ada.id)]
    assert found(admin, f"q={ada.email[:6].upper()}") == [str(ada.id)]
    assert (
        found(admin, "q=zoe_x")
        == found(admin, "q=Zo%C3%A9")
        == found(admin, "q=zo%C3%A9%20100%25")
        == [str(zoe.id)]
    )
    assert found(admin, "q=lenz") == found(admin, "q=%25") == found(admin, "q=zoeax") == []


def test_people_are_found_by_role_and_state(city: City, admin: Known, person: Known) -> None:
    other = known(city)
    assert found(admin, "role=editor") == [str(person.id)]
    assert set(found(admin)) == {str(x.id) for x in (admin, person, other)}
    admin.about("deactivate-user", person, "/deactivate")
    admin.about("delete-user", other)
    assert found(admin, "state=deactivated") == [str(person.id)]
    assert found(admin, "state=deleted") == [str(other.id)]
    assert set(found(admin)) == {str(admin.id), str(person.id)}
    assert admin.call("list-users", query="state=erased").status == 422


def test_the_list_comes_in_pages(city: City, admin: Known) -> None:
    everyone = {str(known(city).id) for _ in range(5)} | {str(admin.id)}
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.call("list-users", query=f"limit=2&cursor={cursor}" if cursor else "limit=2").body
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert (len(seen), set(seen)) == (6, everyone)


def test_roles_follow_the_account_and_the_newest_counts(city: City, admin: Known, person: Known) -> None:
    now = datetime.now(UTC)
    newer = said(city, RoleChanged(user_id=person.id, roles=["city_admin"]), at=now + timedelta(seconds=9))
    older = said(city, RoleChanged(user_id=person.id, roles=["citizen"]), at=now + timedelta(seconds=3))
    for event in (newer, older):
        assert deliver("follow-roles", event).status == 204
    assert admin.about("get-user", person).body["roles"] == ["city_admin"]


def test_a_role_of_somebody_who_is_still_on_the_way_waits(city: City) -> None:
    assert deliver("follow-roles", said(city, RoleChanged(user_id=uuid4(), roles=["editor"]))).status == 503


def test_an_administrator_corrects_what_a_person_has_written(city: City, admin: Known, person: Known) -> None:
    changed = admin.about(
        "update-user", person, body={"name": "Ada Neu", "phone": "+49 6221 123", "salutation": "ms"}
    )
    assert changed.status == 200, changed.body
    assert (changed.body["name"], changed.body["phone"], changed.body["salutation"]) == (
        "Ada Neu",
        "+49 6221 123",
        "ms",
    )
    assert city.events("user.updated")[-1].data == {
        "userId": str(person.id),
        "name": "Ada Neu",
        "language": "de",
    }
    assert admin.about("update-user", person, body={"phone": ""}).body["phone"] == ""
    admin.about("update-user", person, body={"name": "Ada Neu"})
    assert len(city.events("user.updated")) == 2


@pytest.mark.parametrize(
    "field",
    [
        "role",
        "roles",
        "tenantId",
        "status",
        "state",
        "createdBy",
        "id",
        "email",
        "deletedAt",
        "photo",
        "rolesAt",
        "guest",
    ],
)
def test_nobody_becomes_more_by_a_field_that_was_not_asked_for(
    admin: Known, person: Known, field: str
) -> None:
    refused = admin.about("update-user", person, body={"name": "X", field: "super_admin"})
    assert refused.status == 422
    assert field in str(refused.body["error"]["details"])
    assert person.call("update-my-profile", body={"name": "X", field: "super_admin"}).status == 422
    assert admin.about("get-user", person).body["name"] == "Ada Lenz"


@pytest.mark.parametrize(("name", "path", "body"), DECISIONS)
@pytest.mark.parametrize("role", ["city_admin", "super_city_admin"])
def test_nobody_decides_about_a_role_above_their_own(
    city: City, name: str, path: str, body: object, role: str
) -> None:
    caller = known(city, role)
    for other in RANKED:
        answer = caller.about(name, known(city, other), path, body=body)
        if RANKED.index(other) > RANKED.index(role):
            assert (answer.status, answer.code) == (403, "RANK_TOO_HIGH"), other
        else:
            assert answer.status in (200, 204) or answer.code == "PERSON_NOT_DELETED", other


@pytest.mark.parametrize(("name", "path", "body"), DECISIONS)
def test_nobody_decides_about_themselves(admin: Known, name: str, path: str, body: object) -> None:
    refused = admin.about(name, admin, path, body=body)
    assert (refused.status, refused.code) == (409, "OWN_ACCOUNT")


@pytest.mark.parametrize(("name", "path", "body"), [*DECISIONS, ("get-user", "", None)])
def test_people_of_another_city_do_not_exist(
    city: City, other_city: City, admin: Known, name: str, path: str, body: object
) -> None:
    stranger = known(other_city)
    refused = admin.about(name, stranger, path, body=body)
    assert (refused.status, refused.code) == (404, "PROFILE_NOT_FOUND")
    assert other_city.rows("users", "SELECT state, name FROM profiles") == [["active", "Ada Lenz"]]
    assert str(stranger.id) not in found(admin)


@pytest.mark.parametrize(
    ("name", "path", "body"), [*DECISIONS, ("get-user", "", None), ("list-users", "", None)]
)
def test_people_without_the_permission_see_and_decide_nothing(
    city: City, person: Known, name: str, path: str, body: object
) -> None:
    for role in ("citizen", "editor"):
        assert known(city, role).about(name, person, path, body=body).code == "FORBIDDEN"


def test_whoever_is_deactivated_is_refused_at_the_next_call_and_back_after_being_reactivated(
    city: City, admin: Known
) -> None:
    person = with_account(city)
    token = person.token()
    assert call("get-my-profile", token=token).status == 200
    assert admin.about("deactivate-user", person, "/deactivate").body["state"] == "deactivated"
    for name in ("get-my-profile", "whoami", "list-pending-listings"):
        assert call(name, token=token).code == "TOKEN_REVOKED"
    assert admin.about("reactivate-user", person, "/reactivate").body["state"] == "active"
    city.settle()
    assert call("get-my-profile", token=token).status == 200
    assert [e.type for e in city.events() if e.type.startswith("user.")][-2:] == [
        "user.deactivated",
        "user.reactivated",
    ]


def test_deactivating_twice_says_it_once(city: City, admin: Known, person: Known) -> None:
    for _ in range(2):
        assert admin.about("deactivate-user", person, "/deactivate").status == 200
    assert len(city.events("user.deactivated")) == 1
    assert admin.about("reactivate-user", known(city), "/reactivate").status == 200
    assert city.events("user.reactivated") == []


def test_a_super_admin_decides_in_the_city_that_the_call_names(city: City, person: Known) -> None:
    boss = known(City(PLATFORM), "super_admin")
    assert boss.about("deactivate-user", person, "/deactivate", tenant=city.tenant.slug).status == 200
    # at home, on the platform, there is nobody of that id
    assert boss.about("deactivate-user", person, "/deactivate").status == 404
    assert city.rows("users", "SELECT state FROM profiles WHERE id = :id", id=person.id) == [["deactivated"]]


def test_a_guest_has_a_profile_without_an_address(city: City, admin: Known) -> None:
    guest = known(city, name="", email="", guest=True)
    assert (guest.call("get-my-profile").body["email"], admin.about("get-user", guest).status) == ("", 200)


def test_a_guest_who_has_an_address_now_keeps_the_profile(city: City) -> None:
    guest = known(city, name="", email="", guest=True)
    guest.call("update-my-profile", body={"phone": "06221 1234"})
    converted = GuestConverted(user_id=guest.id, email="ada@example.org", name="Ada Lenz", language="en")
    assert deliver("complete-profile", said(city, converted)).status == 204
    profile = guest.call("get-my-profile").body
    assert (profile["email"], profile["name"], profile["language"], profile["phone"]) == (
        "ada@example.org",
        "Ada Lenz",
        "en",
        "06221 1234",
    )
    unknown = GuestConverted(user_id=uuid4(), email="x@example.org")
    assert deliver("complete-profile", said(city, unknown)).status == 503


@pytest.mark.parametrize(
    ("end", "undo"),
    [
        (("deactivate-user", "/deactivate"), ("reactivate-user", "/reactivate")),
        (("delete-user", ""), ("restore-user", "/restore")),
    ],
    ids=["deactivation", "deletion"],
)
def test_what_lets_somebody_in_again_and_could_not_be_written_down_lets_no_token_in(
    city: City, admin: Known, monkeypatch: pytest.MonkeyPatch, end: tuple[str, str], undo: tuple[str, str]
) -> None:
    person = with_account(city)
    token = person.token()
    assert admin.about(end[0], person, end[1]).status < 300
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert admin.about(undo[0], person, undo[1]).status == 500
    city.settle()
    assert call("get-my-profile", token=token).code == "TOKEN_REVOKED"
    with monkeypatch.context() as away:  # Redis, at the first attempt; the broker tries again
        away.setattr(
            "shared.auth.tokens.unbar", lambda *_: (_ for _ in ()).throw(Unavailable(dependency="redis"))
        )
        assert admin.about(undo[0], person, undo[1]).status == 200
        [event] = city.events("user.reactivated")
        assert deliver("follow-deactivation", event).status == 503
    city.settle()
    assert call("get-my-profile", token=token).status == 200


def test_a_reactivation_lets_nobody_in_whose_account_is_locked(city: City, admin: Known) -> None:
    person = with_account(city)
    token = person.token()
    assert admin.about("deactivate-user", person, "/deactivate").status == 200
    assert city.call("lock-account", "city_admin", path=f"/api/auth/users/{person.id}/lock").status == 204
    assert admin.about("reactivate-user", person, "/reactivate").status == 200
    city.settle()
    assert call("get-my-profile", token=token).code == "TOKEN_REVOKED"
