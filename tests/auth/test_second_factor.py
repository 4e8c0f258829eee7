"""Second factors: setting one up, logging in with it, losing it; and what does not work."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pyotp
import pytest
from pydantic import SecretStr

from functions.auth.factors.challenge import TRIES
from functions.auth.factors.codes import hash_of, new_recovery_codes, new_secret, step_of
from functions.auth.sessions.throttle import FREE
from shared.adapters import redis
from shared.auth import signing
from shared.kit.settings import settings
from tests.auth.factors import answer, challenged, confirm, enrol, later, set_up
from tests.auth.people import PASSWORD, Person, join, login, refresh
from tests.support import Answer, City, call


@pytest.fixture
def person(city: City) -> Person:
    return join(city)


@pytest.fixture
def token(city: City, person: Person) -> str:
    access: str = login(city, person).body["accessToken"]
    return access


def remove(token: str, code: str | None, password: str = PASSWORD) -> Answer:
    return call("remove-second-factor", body={"password": password, "code": code}, token=token)


def counters(city: City) -> list[bytes]:
    """Where the attempts of each address are counted."""
    return [key for key in redis.command("KEYS", f"tenant:{city.id}:login:address:*") if b":wait" not in key]


def letters(city: City) -> list[tuple[str, str]]:
    mails = [
        event.data
        for event in city.events("notification.requested")
        if event.data["template"] != "invitation"
    ]
    return [(mail["template"], mail["address"]) for mail in mails]


def test_who_has_set_one_up_logs_in_in_two_steps(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    later(city)
    first = login(city, person)
    assert first.status == 200
    assert first.body.keys() == {"challenge", "factors", "expiresIn"}
    assert (first.body["factors"], first.body["expiresIn"]) == (["totp", "recovery_code"], 300)
    second = answer(first.body["challenge"], phone.code())
    assert second.status == 200, second.body
    assert second.body["user"]["id"] == str(person.id)
    assert call("whoami", token=second.body["accessToken"]).body["secondFactor"]
    assert refresh(second.body["refreshToken"]).status == 200


def test_there_is_no_session_before_the_second_step(city: City, person: Person, token: str) -> None:
    set_up(token)
    challenge = challenged(city, person)
    # the one that set it up
    assert len(city.rows("auth", "SELECT 1 FROM sessions WHERE revoked_at IS NULL")) == 1
    assert call("whoami", token=challenge).code == "TOKEN_INVALID"
    assert refresh(challenge).code == "TOKEN_INVALID"


def test_the_app_is_given_what_it_needs(city: City, person: Person, token: str) -> None:
    enrolled = enrol(token).body
    app = pyotp.parse_uri(enrolled["uri"])
    assert (app.secret, app.name, app.issuer) == (enrolled["secret"], person.email, "HEIDI Heidelberg")
    assert len(enrolled["secret"]) * 5 >= 160


def test_nothing_changes_before_the_code_is_confirmed(city: City, person: Person, token: str) -> None:
    enrolled = enrol(token).body
    assert "accessToken" in login(city, person).body
    assert confirm(token, "000000").code == "CODE_WRONG"
    assert "accessToken" in login(city, person).body
    assert confirm(token, pyotp.TOTP(enrolled["secret"]).now()).status == 200
    assert "challenge" in login(city, person).body


def test_without_enrolling_there_is_nothing_to_confirm(token: str) -> None:
    assert confirm(token, "123456").code == "NOTHING_TO_CONFIRM"


def test_enrolling_again_before_confirming_replaces_the_secret(token: str) -> None:
    first, second = enrol(token).body["secret"], enrol(token).body["secret"]
    assert confirm(token, pyotp.TOTP(first).now()).code == "CODE_WRONG"
    assert confirm(token, pyotp.TOTP(second).now()).status == 200


def test_a_stolen_session_cannot_set_one_up_without_the_password(token: str) -> None:
    refused = enrol(token, "not the password")
    assert (refused.status, refused.code) == (422, "PROOF_WRONG")
    assert confirm(token, "123456").code == "NOTHING_TO_CONFIRM"


def test_who_acts_in_anothers_name_cannot_touch_the_second_factor(city: City, person: Person) -> None:
    acting, _ = signing.issue(
        "access", person.id, city.id, ["editor"], uuid4(), now=time.time(), act={"sub": str(uuid4())}
    )
    for refused in (enrol(acting), confirm(acting, "123456"), remove(acting, "123456")):
        assert refused.code == "IN_PERSON_ONLY"


def test_secrets_and_recovery_codes_are_not_kept_readable(city: City, token: str) -> None:
    phone = set_up(token)
    pending = enrol(token, code=phone.recovery_codes[0]).body["secret"]
    kept = repr(
        city.rows(
            "auth",
            "SELECT f.*, c.* FROM second_factors f JOIN recovery_codes c ON c.account_id = f.account_id",
        )
    )
    for readable in (
        phone.secret,
        pending,
        *phone.recovery_codes,
        *(code.replace("-", "") for code in phone.recovery_codes),
    ):
        assert readable not in kept


def test_the_other_sessions_end_and_the_one_that_confirms_goes_on(
    city: City, person: Person, token: str
) -> None:
    elsewhere = login(city, person).body
    set_up(token)
    assert call("whoami", token=token).status == 200
    assert call("whoami", token=elsewhere["accessToken"]).code == "TOKEN_REVOKED"
    assert refresh(elsewhere["refreshToken"]).code == "TOKEN_REVOKED"


def test_the_owner_is_told_by_mail_when_it_comes_and_when_it_goes(
    city: City, person: Person, token: str
) -> None:
    phone = set_up(token)
    assert remove(token, phone.recovery_codes[0]).status == 204
    assert letters(city) == [("second_factor_enabled", person.email), ("second_factor_removed", person.email)]


def test_a_code_works_once(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    later(city)
    code = phone.code()
    assert answer(challenged(city, person), code).status == 200
    again = answer(challenged(city, person), code)
    assert (again.status, again.code) == (401, "SECOND_FACTOR_WRONG")


def test_the_code_that_confirmed_it_is_used_up(city: City, person: Person, token: str) -> None:
    secret = enrol(token).body["secret"]
    code = pyotp.TOTP(secret).now()
    assert confirm(token, code).status == 200
    assert answer(challenged(city, person), code).code == "SECOND_FACTOR_WRONG"


def test_an_older_code_than_the_last_one_is_refused(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    later(city)
    older, newer = phone.code(), phone.code(1)
    assert answer(challenged(city, person), newer).status == 200
    assert answer(challenged(city, person), older).code == "SECOND_FACTOR_WRONG"


def test_of_many_who_present_one_code_at_the_same_moment_one_gets_in(
    city: City, person: Person, token: str
) -> None:
    phone = set_up(token)
    later(city)
    challenges, code = [challenged(city, person) for _ in range(5)], phone.code()
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda challenge: answer(challenge, code).status, challenges))
    assert sorted(statuses) == [200, 401, 401, 401, 401]


def test_each_recovery_code_works_once_however_it_is_typed(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    first, second, *_ = phone.recovery_codes
    assert answer(challenged(city, person), first).status == 200
    assert answer(challenged(city, person), first).code == "SECOND_FACTOR_WRONG"
    assert answer(challenged(city, person), second.lower().replace("-", " ")).status == 200


def test_of_many_who_present_one_recovery_code_at_the_same_moment_one_gets_in(
    city: City, person: Person, token: str
) -> None:
    code = set_up(token).recovery_codes[0]
    challenges = [challenged(city, person) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda challenge: answer(challenge, code).status, challenges))
    assert sorted(statuses) == [200, 401, 401, 401, 401]


def test_recovery_codes_are_ten_and_long_and_all_of_one_shape() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code) for code in codes)  # 16 × 5 = 80 bits


def test_one_persons_recovery_code_is_another_ones_nonsense(city: City, person: Person, token: str) -> None:
    code = set_up(token).recovery_codes[0]
    other = join(city)
    set_up(login(city, other).body["accessToken"])
    assert answer(challenged(city, other), code).code == "SECOND_FACTOR_WRONG"
    assert hash_of(person.id, code) != hash_of(other.id, code)


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_half_a_minute_and_no_more(steps: int, is_good: bool) -> None:
    secret, now = new_secret(), datetime(2026, 3, 29, 1, 59, 45, tzinfo=UTC)
    code = pyotp.TOTP(secret).at(now, counter_offset=steps)
    assert step_of(secret, code, now) == (int(now.timestamp()) // 30 + steps if is_good else None)


def test_the_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238 appendix B: 12345678901234567890
    assert step_of(secret, "287082", datetime.fromtimestamp(59, UTC)) == 1
    assert step_of(secret, "081804", datetime.fromtimestamp(1111111109, UTC)) == 37037036


def test_a_challenge_lets_in_once(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    challenge = challenged(city, person)
    assert answer(challenge, phone.recovery_codes[0]).status == 200
    again = answer(challenge, phone.recovery_codes[1])
    assert (again.status, again.code) == (401, "CHALLENGE_OVER")
    # which the refusal has not used up
    assert answer(challenged(city, person), phone.recovery_codes[1]).status == 200


def test_a_challenge_may_be_tried_five_times(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    challenge = challenged(city, person)
    assert [answer(challenge, "000000").code for _ in range(TRIES)] == ["SECOND_FACTOR_WRONG"] * TRIES
    assert answer(challenge, phone.recovery_codes[0]).code == "CHALLENGE_OVER"


def test_new_challenges_bring_no_new_tries(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    tries = [answer(challenged(city, person), "000000").status for _ in range(FREE["pair"] + 1)]
    assert tries == [401] * (FREE["pair"] + 1)
    braked = call("login", body={"email": person.email, "password": PASSWORD}, tenant=city.tenant.slug)
    assert braked.code == "TOO_MANY_ATTEMPTS"  # passwords that lead nowhere are failures too
    assert login(city, join(city)).status == 200
    assert remove(token, phone.recovery_codes[0]).code == "TOO_MANY_ATTEMPTS"


def test_codes_guessed_from_many_addresses_are_counted_per_account(
    city: City, person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(token)
    monkeypatch.setattr("shared.context.client_address", lambda _: f"2001:db8::{uuid4().hex[:4]}")
    codes = [
        answer(challenge, "000000").code
        for challenge in [challenged(city, person) for _ in range(8)]
        for _ in range(TRIES)
    ]
    assert codes.count("SECOND_FACTOR_WRONG") == FREE["account"] + 1
    assert set(codes[FREE["account"] + 1 :]) == {"TOO_MANY_ATTEMPTS"}


def test_a_secret_that_is_used_wanders_to_the_new_key(
    city: City, person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = set_up(token)
    later(city)
    [[before]] = city.rows("auth", "SELECT secret FROM second_factors")
    old = settings().encryption_key.get_secret_value()
    monkeypatch.setattr(settings(), "encryption_key", SecretStr("n" * 40 + "," + old))
    assert answer(challenged(city, person), phone.code()).status == 200
    [[after]] = city.rows("auth", "SELECT secret FROM second_factors")
    assert before.partition(".")[0] != after.partition(".")[0]
    later(city)
    monkeypatch.setattr(settings(), "encryption_key", SecretStr("n" * 40))
    assert answer(challenged(city, person), phone.code()).status == 200


def test_the_first_steps_failures_are_forgiven_when_the_second_succeeds(
    city: City, person: Person, token: str
) -> None:
    phone = set_up(token)
    for code in phone.recovery_codes[:3]:
        assert [login(city, person, "wrong").status for _ in range(3)] == [401] * 3
        assert answer(challenged(city, person), code).status == 200


def test_an_address_is_given_back_no_attempt_that_it_did_not_make(
    city: City, person: Person, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = set_up(token)
    monkeypatch.setattr(settings(), "trust_forwarded_for", True)
    before, elsewhere = counters(city), {"x-forwarded-for": "198.51.100.7"}
    login(city, "nobody@example.org", "guess", headers=elsewhere)
    [theirs] = [key for key in counters(city) if key not in before]
    for code in phone.recovery_codes[:2]:
        # asked here, answered elsewhere
        assert answer(challenged(city, person), code, headers=elsewhere).status == 200
    assert [int(redis.command("GET", key)) for key in (theirs, *before)] == [1, 0]


def test_guesses_at_the_same_moment_do_not_slip_through(city: City, person: Person, token: str) -> None:
    set_up(token)
    challenges = [challenged(city, person) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: answer(challenges[n % 2], f"{n:06}").code, range(24)))
    assert codes.count("SECOND_FACTOR_WRONG") <= FREE["pair"] + 1


def test_a_challenge_ends_with_the_password_that_it_came_from(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    challenge = challenged(city, person)
    city.rows(
        "auth", "UPDATE accounts SET password_hash = 'another' WHERE id = :id RETURNING 1", id=person.id
    )
    assert answer(challenge, phone.recovery_codes[0]).code == "CHALLENGE_OVER"


def test_an_account_that_was_locked_meanwhile_stays_shut(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    challenge = challenged(city, person)
    city.rows("auth", "UPDATE accounts SET state = 'locked' WHERE id = :id RETURNING 1", id=person.id)
    assert answer(challenge, phone.recovery_codes[0]).code == "CHALLENGE_OVER"


def test_a_challenge_is_good_for_its_own_city_only(
    city: City, other_city: City, person: Person, token: str
) -> None:
    phone = set_up(token)
    challenge = challenged(city, person)
    assert answer(challenge, phone.recovery_codes[0], tenant=other_city.tenant.slug).code == "TENANT_MISMATCH"
    assert answer(challenge, phone.recovery_codes[0], tenant=city.tenant.slug).status == 200


def test_challenges_that_are_too_old_or_not_ours_are_refused(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    good = challenged(city, person)
    claims = {"now": time.time() - 301, "life": 300, "password": "x"}
    old, _ = signing.issue("challenge", person.id, city.id, [], uuid4(), **claims)  # type: ignore[arg-type]  # claims of all kinds
    renewal, _ = signing.issue("refresh", person.id, city.id, [], uuid4(), now=time.time())
    guessed, _ = signing.issue("challenge", person.id, city.id, [], uuid4(), now=time.time(), password="x")
    for wrong in (old, renewal, guessed, good[:-4] + "AAAA", token, "x"):
        assert answer(wrong, phone.recovery_codes[0]).code == "CHALLENGE_OVER"


def test_it_is_removed_with_the_password_and_a_code(city: City, person: Person, token: str) -> None:
    phone = set_up(token)
    assert remove(token, phone.recovery_codes[0], "not the password").code == "PROOF_WRONG"
    assert remove(token, None).code == "PROOF_WRONG"
    assert remove(token, "000000").code == "PROOF_WRONG"
    assert remove(token, phone.recovery_codes[0]).status == 204
    assert "accessToken" in login(city, person).body
    assert (
        city.rows("auth", "SELECT 1 FROM second_factors")
        == city.rows("auth", "SELECT 1 FROM recovery_codes")
        == []
    )
    assert remove(token, None).code == "SECOND_FACTOR_NOT_FOUND"


def test_it_moves_to_another_phone_with_a_code_of_the_old_one(city: City, person: Person, token: str) -> None:
    old = set_up(token)
    assert enrol(token).code == "PROOF_WRONG"
    enrolled = enrol(token, code=old.recovery_codes[0]).body
    # the old one counts until then
    assert answer(challenged(city, person), old.recovery_codes[1]).status == 200
    confirmed = confirm(token, pyotp.TOTP(enrolled["secret"]).now())
    assert confirmed.status == 200
    later(city)
    challenge = challenged(city, person)
    assert {answer(challenge, code).status for code in (old.code(), old.recovery_codes[2])} == {401}
    assert answer(challenge, confirmed.body["recoveryCodes"][0]).status == 200


def test_the_tables_note_what_happened_without_the_secret(city: City, token: str) -> None:
    phone = set_up(token)
    noted = [
        event.data
        for event in city.changes("auth")
        if event.data["entity"] in {"second_factor", "recovery_code"}
    ]
    assert {event["function"] for event in noted} == {"enrol-second-factor", "confirm-second-factor"}
    assert phone.secret not in str(noted)
    assert not any("secret" in (event["after"] or {}) for event in noted)
