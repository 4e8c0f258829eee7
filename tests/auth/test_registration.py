"""Registering: an account for whoever the address belongs to, and no word to anybody about who has one."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from functions.auth.mails import HOUR, TO_ONE_ADDRESS
from functions.auth.one_time_tokens import new_token
from shared.adapters import redis
from shared.auth import signing
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import (
    PASSWORD,
    Person,
    accept,
    invite,
    join,
    letters,
    link_in,
    link_token,
    login,
    register,
    verify,
)
from tests.auth.work import cost
from tests.support import Answer, City, call

OTHER = "Laterne Quark Segel 7"


def resend(city: City, registration_id: object) -> Answer:
    return call("resend-verification", body={"registrationId": str(registration_id)}, tenant=city.tenant.slug)


def links(city: City) -> list[str]:
    """The tokens of all verification mails, oldest first."""
    said = [link_in(event) for event in city.events("notification.requested")]
    return [link.partition("#token=")[2].partition("&")[0] for link in said if "/verify-email#" in link]


def test_a_person_registers_follows_the_link_and_logs_in(city: City) -> None:
    asked = register(city, " New@Example.org ", name="Nele Neu", fields={"language": "tr"})
    assert (asked.status, asked.body) == (
        202,
        {"status": "verification_sent", "registrationId": asked.body["registrationId"]},
    )
    assert letters(city) == [("verify_email", "new@example.org")]
    assert city.events("notification.requested")[0].data["language"] == "tr"
    assert login(city, "new@example.org").status == 401
    made = verify(link_token(city))
    assert made.status == 201, made.body
    assert made.body == {
        "id": made.body["id"],
        "email": "new@example.org",
        "name": "Nele Neu",
        "language": "tr",
        "roles": ["citizen"],
    }
    [heard] = city.events("user.created")
    assert heard.data == {
        "userId": made.body["id"],
        "email": "new@example.org",
        "name": "Nele Neu",
        "language": "tr",
        "roles": ["citizen"],
        "guest": False,
    }
    assert login(city, "new@example.org").body["user"]["id"] == made.body["id"]


def test_the_language_is_the_citys_where_none_is_given(city: City) -> None:
    register(city, "a@example.org")
    assert verify(link_token(city)).body["language"] == "de"


@pytest.mark.parametrize(
    "more",
    [
        {"roles": ["super_admin"]},
        {"role": "city_admin"},
        {"tenantId": str(PLATFORM.id)},
        {"id": str(uuid4())},
        {"state": "active"},
        {"emailVerifiedAt": "2026-01-01T00:00:00Z"},
        {"passwordHash": "x"},
    ],
)
def test_nobody_chooses_what_is_not_theirs_to_choose(city: City, more: dict[str, object]) -> None:
    assert register(city, "a@example.org", fields=more).code == "VALIDATION_FAILED"
    register(city, "a@example.org")
    body = {"token": link_token(city)}
    assert call("verify-email", body=body | more).code == "VALIDATION_FAILED"
    call("verify-email", body=body)
    assert signing.decode("access", login(city, "a@example.org").body["accessToken"])["roles"] == ["citizen"]


def test_the_answer_says_nothing_about_whether_the_address_has_an_account(city: City) -> None:
    person = join(city)
    known, unknown = register(city, person.email), register(city, "nobody@example.org")
    again = [resend(city, answer.body["registrationId"]) for answer in (known, unknown)]
    assert [answer.status for answer in (known, unknown, *again)] == [202] * 4
    for answer in (known, unknown, *again):
        assert set(answer.body) == {"status", "registrationId"}
        assert set(answer.headers) == set(known.headers)
    assert (
        letters(city)[1:]
        == [("already_registered", person.email), ("verify_email", "nobody@example.org")] * 2
    )


def test_a_known_and_an_unknown_address_cost_the_same_work(city: City) -> None:
    asked = {
        email: register(city, email).body["registrationId"]
        for email in (join(city).email, "nobody@example.org")
    }
    known, unknown = (cost(lambda email=email: register(city, email)) for email in asked)  # type: ignore[misc]  # mypy infers no lambda with a default
    assert known == unknown
    assert "hashpw" in known
    known, unknown = (cost(lambda which=which: resend(city, which)) for which in asked.values())  # type: ignore[misc]  # mypy infers no lambda with a default
    assert known == unknown


def test_the_owner_of_an_account_is_told_and_nothing_happens_to_it(city: City) -> None:
    person = join(city)
    body = login(city, person).body
    register(city, person.email, OTHER, name="Mallory")
    assert letters(city)[-1] == ("already_registered", person.email)
    assert link_in(city.events("notification.requested")[-1]) == ""
    assert login(city, person, OTHER).status == 401
    assert login(city, person).body["user"]["name"] == "Ada Lenz"
    assert call("whoami", token=body["accessToken"]).status == 200


def test_nothing_that_a_stranger_writes_is_mailed_to_others(city: City) -> None:
    register(city, "victim@example.org", name="Gewonnen! https://evil.example")
    assert "evil" not in city.events("notification.requested")[-1].text


def test_a_strangers_registration_neither_replaces_ones_own_nor_is_completed_by_it(city: City) -> None:
    register(city, "both@example.org", PASSWORD, name="Ich")
    register(city, "both@example.org", OTHER, name="Mallory")
    mine, strangers = links(city)
    assert verify(mine).body["name"] == "Ich"
    assert verify(strangers).code == "LINK_INVALID"
    assert login(city, "both@example.org", OTHER).status == 401
    assert login(city, "both@example.org", PASSWORD).status == 200
    assert city.rows("auth", "SELECT 1 FROM registrations") == []


def test_resending_sends_a_new_link_for_exactly_this_registration(city: City) -> None:
    mine = register(city, "both@example.org", PASSWORD, name="Ich").body["registrationId"]
    register(city, "both@example.org", OTHER, name="Mallory")
    assert resend(city, mine).body["registrationId"] == mine
    first, _, newest = links(city)
    assert verify(first).code == "LINK_INVALID"
    assert verify(newest).body["name"] == "Ich"


def test_resending_what_does_not_wait_here_sends_nothing(city: City, other_city: City) -> None:
    mine = register(city, "a@example.org").body["registrationId"]
    for there, which in ((city, uuid4()), (other_city, mine)):
        assert resend(there, which).status == 202
    city.rows("auth", "UPDATE registrations SET expires_at = now() - interval '1 second' RETURNING 1")
    assert resend(city, mine).status == 202
    assert len(letters(city)) == 1
    assert letters(other_city) == []


def test_an_address_is_sent_only_some_mails_an_hour_and_the_answer_does_not_say_so(city: City) -> None:
    person = join(city)
    for email in ("victim@example.org", person.email):
        answers = [register(city, email) for _ in range(TO_ONE_ADDRESS + 2)]
        assert {answer.status for answer in answers} == {202}
        assert resend(city, answers[0].body["registrationId"]).status == 202
        assert [to for _, to in letters(city)[-TO_ONE_ADDRESS:]] == [email] * TO_ONE_ADDRESS
    assert len(letters(city)) == 1 + 2 * TO_ONE_ADDRESS
    assert verify(links(city)[0]).status == 201  # the mails that did arrive are good


def test_one_caller_cannot_have_everybody_written_to(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.auth.mails.BY_ONE_CALLER", 3)
    statuses = [register(city, f"p{n}@example.org").status for n in range(5)]
    assert statuses == [202, 202, 202, 429, 429]
    assert len(letters(city)) == 3


def test_the_brakes_let_go_after_an_hour(city: City) -> None:
    register(city, "a@example.org")
    keys = redis.command("KEYS", f"tenant:{PLATFORM.id}:mails:*")
    assert len(keys) == 2
    assert all(HOUR - 5 < int(redis.command("TTL", key)) <= HOUR for key in keys)
    assert "example" not in repr(keys)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("kurz", "PASSWORD_TOO_SHORT"),
        ("Passwort1234", "PASSWORD_TOO_COMMON"),
        ("ada.lenz@2026", "PASSWORD_TOO_PERSONAL"),
    ],
)
def test_a_weak_password_is_refused_for_known_and_unknown_alike(city: City, password: str, code: str) -> None:
    person = join(city)
    for email in (person.email, "nobody@example.org"):
        refused = register(city, email, password)
        assert (refused.status, refused.code) == (422, code)
        assert password not in refused.raw.decode()
    assert len(letters(city)) == 1


def test_neither_password_nor_token_is_kept_readable(city: City) -> None:
    asked = register(city, "a@example.org")
    rows = repr(city.rows("auth", "SELECT * FROM registrations"))
    assert PASSWORD not in rows
    assert link_token(city) not in rows
    assert link_token(city) not in asked.raw.decode()


def test_a_link_works_once(city: City) -> None:
    register(city, "a@example.org")
    token = link_token(city)
    assert [verify(token).status for _ in range(3)] == [201, 410, 410]
    assert len(city.events("user.created")) == 1


def test_a_link_that_is_followed_twice_at_once_makes_one_account(city: City) -> None:
    register(city, "a@example.org")
    token = link_token(city)
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: verify(token).status, range(6)))
    assert statuses == [201] + [410] * 5
    assert len(city.events("user.created")) == 1


def test_two_links_of_one_address_followed_at_once_make_one_account(city: City) -> None:
    for _ in range(TO_ONE_ADDRESS):
        register(city, "a@example.org")
    with ThreadPoolExecutor(TO_ONE_ADDRESS) as pool:
        statuses = sorted(pool.map(lambda token: verify(token).status, links(city)))
    assert statuses == [201] + [410] * (TO_ONE_ADDRESS - 1)
    assert len(city.events("user.created")) == 1


def test_reading_a_link_does_not_use_it_up(city: City) -> None:
    register(city, "a@example.org")
    token = link_token(city)
    for method in ("GET", "HEAD"):
        assert (
            call("verify-email", method=method, path="/api/auth/verify-email", query=f"token={token}").status
            == 405
        )
    assert verify(token).status == 201


def test_a_link_expires(city: City) -> None:
    register(city, "a@example.org")
    city.rows("auth", "UPDATE registrations SET expires_at = now() - interval '1 second' RETURNING 1")
    assert verify(link_token(city)).code == "LINK_INVALID"


def test_a_link_is_void_once_the_address_has_an_account(city: City) -> None:
    register(city, "a@example.org", OTHER)
    waiting = link_token(city)
    invite(city, "editor", "a@example.org")
    assert accept(link_token(city)).status == 201
    assert verify(waiting).code == "LINK_INVALID"
    assert login(city, "a@example.org", OTHER).status == 401


def test_a_link_of_one_city_opens_no_other(city: City, other_city: City) -> None:
    register(city, "a@example.org")
    token = link_token(city)
    assert verify(token, host=f"{other_city.tenant.slug}.localhost").code == "TENANT_MISMATCH"
    assert verify(new_token(other_city.id)).code == "LINK_INVALID"
    assert verify(token, host=f"{city.tenant.slug}.localhost").status == 201
    assert login(other_city, "a@example.org").status == 401


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 63, "Ä" * 64, "A" * 5000, "../../etc", "=" * 64])
def test_a_link_that_was_cut_off_is_refused(token: str) -> None:
    assert verify(token).code in ("LINK_INVALID", "VALIDATION_FAILED", "UNKNOWN_TENANT", "UNAVAILABLE")


@pytest.mark.parametrize(
    "header", ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded", "origin", "referer"]
)
def test_the_link_leads_to_our_own_address_whatever_the_caller_says(city: City, header: str) -> None:
    asked = {"headers": {header: "evil.example"}} if header != "host" else {"host": "evil.example"}
    assert register(city, "a@example.org", **asked).status == 202
    link = link_in(city.events("notification.requested")[-1])
    assert link.startswith("http://127.0.0.1:8080/links/verify-email#token=")


def test_the_city_must_be_named_and_is_never_the_platform(city: City, other_city: City) -> None:
    body = {"email": "a@example.org", "name": "A", "password": PASSWORD}
    assert call("register", body=body).code == "TENANT_REQUIRED"
    assert call("register", body=body, tenant="platform").code == "UNKNOWN_TENANT"
    assert (
        call("register", body=body, tenant=city.tenant.slug, host=f"{other_city.tenant.slug}.localhost").code
        == "TENANT_MISMATCH"
    )
    with City.known("schlafstadt", active=False) as asleep:
        assert register(asleep, "a@example.org").code == "TENANT_INACTIVE"


def test_a_long_password_counts_to_its_last_letter(city: City) -> None:
    long = "Kiesel Anker Ofen " * 5
    register(city, "long@example.org", long + "eins")
    verify(link_token(city))
    assert login(city, "long@example.org", long + "zwei").status == 401
    assert login(city, "long@example.org", long + "eins").status == 200


def test_registrations_are_handed_out_to_their_person_without_secrets_and_erased(city: City) -> None:
    from functions.auth.models import MODELS
    from shared.db.privacy import erase, rows_about

    person: Person = join(city)
    register(city, person.email, OTHER, name="Mallory")
    register(city, "somebody.else@example.org")
    work = city.sql("auth")
    [row] = rows_about(work, city.id, person.id, MODELS)["registrations"]
    assert {"password_hash", "token_hash"}.isdisjoint(row)
    erase(work, city.id, person.id, MODELS)
    work.commit()
    assert city.rows("auth", "SELECT email FROM registrations") == [["somebody.else@example.org"]]
