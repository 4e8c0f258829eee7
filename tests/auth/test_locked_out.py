"""Others' guesses keep nobody out of their account, and bring nobody in."""

import jwt
import pytest

from events.notification import NotificationRequested
from functions.auth.factors.mail_login_code import CODES
from functions.auth.factors.mailed_code import hash_of
from functions.auth.mails import HOUR, TO_ONE_ADDRESS
from functions.auth.sessions.throttle import FIRST_WAIT, FREE, LONGEST_WAIT, fingerprint
from shared.adapters import redis
from shared.auth.tokens import SKEW
from shared.kit import cipher
from shared.kit.enclosures import opened
from tests.auth.factors import later, set_up
from tests.auth.people import PASSWORD, Person, forget, is_in, join, letters, link_token, login, reset
from tests.support import Answer, City, call, deliver

HOME, ELSEWHERE = "203.0.113.1", "203.0.113.2"


@pytest.fixture
def person(city: City) -> Person:
    """Somebody who has logged in at home, and at whose account six addresses have guessed five times each."""
    owner = join(city)
    assert login(city, owner, address=HOME).status == 200
    attack(city, owner)
    return owner


def attack(city: City, owner: Person | str) -> list[int]:
    return [login(city, owner, f"wrong {n}", address=f"198.51.100.{n % 6}").status for n in range(30)]


def mailed(city: City) -> str:
    """The code in the newest mail."""
    for event in city.events("login.doubted"):
        assert deliver("mail-login-code", event).status == 204
    letter = NotificationRequested.model_validate(city.events("notification.requested")[-1].data)
    return opened(letter)["code"] if letter.template == "login_code" else ""


def answered(asked: Answer, code: str, address: str = ELSEWHERE) -> Answer:
    return call(
        "answer-second-factor", body={"challenge": asked.body["challenge"], "code": code}, address=address
    )


def test_the_owner_logs_in_where_they_got_in_lately(city: City, person: Person) -> None:
    assert is_in(login(city, person, address=HOME).body)


def test_elsewhere_the_owner_logs_in_with_a_mailed_code_and_then_that_place_is_known_too(
    city: City, person: Person
) -> None:
    asked = login(city, person, address=ELSEWHERE)
    assert (asked.status, sorted(asked.body)) == (200, ["challenge", "expiresIn", "factors"])
    assert "mailed_code" in asked.body["factors"]
    assert is_in(answered(asked, mailed(city)).body)
    assert is_in(login(city, person, address=ELSEWHERE).body)


def test_elsewhere_the_owner_gets_in_by_a_new_password_as_well(city: City, person: Person) -> None:
    forget(city, person.email, address=ELSEWHERE)
    assert reset(link_token(city), "Laterne Quark Segel 7", address=ELSEWHERE).status == 204
    assert is_in(login(city, person, "Laterne Quark Segel 7", address=ELSEWHERE).body)


def test_whoever_has_an_app_for_codes_needs_it_and_no_mail(city: City) -> None:
    owner = join(city)
    phone = set_up(login(city, owner, address=HOME).body["accessToken"])
    later(city)
    attack(city, owner)
    asked = login(city, owner, address=ELSEWHERE)
    assert mailed(city) == ""
    assert answered(asked, "000000").code == "SECOND_FACTOR_WRONG"
    assert is_in(answered(asked, phone.code()).body)


def test_a_guesser_is_told_the_same_whether_the_password_was_right_or_anybody_has_an_account(
    city: City, person: Person
) -> None:
    attack(city, "nobody@example.org")
    asked = [
        login(city, person, address="203.0.113.7"),
        login(city, person, "wrong", address="203.0.113.8"),
        login(city, "nobody@example.org", "wrong", address="203.0.113.9"),
    ]
    assert [answer.status for answer in asked] == [200] * 3
    assert len({str({**answer.body, "challenge": ""}) for answer in asked}) == 1
    assert len({len(answer.body["challenge"]) // 4 for answer in asked}) == 1
    refused = [answered(answer, "12345678") for answer in asked]
    assert [(answer.status, answer.code) for answer in refused] == [(401, "SECOND_FACTOR_WRONG")] * 3


def test_however_often_a_guesser_answers_they_are_told_the_same(city: City) -> None:
    """Also of an account with an app for codes: no refusal says that its password was right."""
    owner = join(city)
    set_up(login(city, owner, address=HOME).body["accessToken"])
    later(city)
    attack(city, owner)

    def told(password: str, address: str) -> list[str]:
        asked = [login(city, owner, password, address=address) for _ in range(6)]
        return [answered(each, "000000", address=address).code for each in asked for _ in range(5)]

    wrong, right = told("wrong", "203.0.113.11"), told(PASSWORD, "203.0.113.12")
    assert wrong == right
    assert (wrong[0], wrong[-1]) == ("SECOND_FACTOR_WRONG", "TOO_MANY_ATTEMPTS")


def test_only_the_right_password_has_a_code_mailed(city: City, person: Person) -> None:
    login(city, person, "wrong", address=ELSEWHERE)
    mailed(city)
    assert "login_code" not in [template for template, _ in letters(city)]
    login(city, person, address="203.0.113.3")
    mailed(city)
    assert letters(city)[-1] == ("login_code", person.email)


def test_an_owner_who_begins_again_and_again_has_a_code_each_time(city: City, person: Person) -> None:
    for number in range(TO_ONE_ADDRESS + 1):
        asked = login(city, person, address=f"203.0.113.{20 + number}")
    assert is_in(answered(asked, mailed(city)).body)


def test_more_codes_are_mailed_than_one_place_can_ask_for_in_an_hour() -> None:
    logins, at = FREE["pair"], 0.0
    while at <= HOUR:
        logins, at = logins + 1, at + min(FIRST_WAIT * 2 ** (logins - FREE["pair"]), LONGEST_WAIT)
    assert logins < CODES


def test_an_inbox_is_not_filled_with_codes_and_the_answer_does_not_tell(city: City, person: Person) -> None:
    asked = [login(city, person, address=f"192.0.2.{number}") for number in range(CODES + 3)]
    mailed(city)
    assert letters(city).count(("login_code", person.email)) == CODES
    assert len({(answer.status, str({**answer.body, "challenge": ""})) for answer in asked}) == 1


def test_a_code_is_guessed_five_times_and_good_for_one_login(city: City, person: Person) -> None:
    asked = login(city, person, address=ELSEWHERE)
    code = mailed(city)
    assert [answered(asked, "00000000").code for _ in range(6)] == ["SECOND_FACTOR_WRONG"] * 5 + [
        "CHALLENGE_OVER"
    ]
    assert answered(asked, code).code == "CHALLENGE_OVER"
    again = login(city, person, address=ELSEWHERE)
    assert answered(again, code).code == "SECOND_FACTOR_WRONG"
    code = mailed(city)
    assert answered(again, code).status == 200
    assert answered(again, code).code == "CHALLENGE_OVER"


def test_a_challenge_that_was_answered_or_tried_up_stays_so_for_as_long_as_it_could_be_shown(
    city: City, person: Person
) -> None:
    asked, tried_up = login(city, person, address=ELSEWHERE), login(city, person, address=ELSEWHERE)
    code = mailed(city)
    for _ in range(5):
        answered(asked, "00000000")
    assert answered(tried_up, code).status == 200
    marks = {
        redis.command("TTL", key)
        for key in redis.command("KEYS", f"tenant:{city.id}:challenge:*")
        if not key.decode().endswith((":whose", ":mailed"))
    }
    assert min(marks) > 600 + SKEW
    assert {answered(each, code).code for each in (asked, tried_up)} == {"CHALLENGE_OVER"}


def test_a_challenge_ends_with_the_password_that_it_was_for(city: City, person: Person) -> None:
    asked = login(city, person, address=ELSEWHERE)
    code = mailed(city)
    access = login(city, person, address=HOME).body["accessToken"]
    change = {"currentPassword": PASSWORD, "newPassword": "Laterne Quark Segel 7"}
    assert call("change-password", body=change, token=access, address=HOME).status == 204
    assert answered(asked, code).code == "SECOND_FACTOR_WRONG"


def test_who_can_write_to_redis_names_nobody_as_the_owner_of_a_challenge(city: City, person: Person) -> None:
    """As every function can; the account's id and the hash of a code of one's own are not enough."""
    asked = login(city, person, "wrong", address=ELSEWHERE)
    id_ = jwt.decode(asked.body["challenge"], options={"verify_signature": False})["jti"]
    [[stored]] = city.rows("auth", "SELECT password_hash FROM accounts WHERE id = :id", id=person.id)
    key = f"tenant:{city.id}:challenge:{id_}"
    redis.command("SET", f"{key}:mailed", hash_of(id_, "12345678"), "EX", 60)
    for forged in (
        f"{person.id} {fingerprint(stored)}",
        cipher.seal("x" * 40, f"{person.id} {fingerprint(stored)}", id_),
    ):
        redis.command("SET", f"{key}:whose", forged, "EX", 60)
        assert answered(asked, "12345678").code == "SECOND_FACTOR_WRONG"


def test_guessing_stays_bounded_while_the_account_is_under_attack(city: City, person: Person) -> None:
    told = [login(city, person, f"wrong {n}", address=f"192.0.2.{n}") for n in range(60)]
    assert {answer.status for answer in told} == {200}  # none of them says anything about its password
    # nor can one ask for ever
    assert [login(city, person, "wrong", address="192.0.2.1").status for _ in range(6)][-1] == 429


def test_a_login_at_home_gives_a_guesser_no_new_tries(city: City, person: Person) -> None:
    login(city, person, address=HOME)
    assert "challenge" in login(city, person, "wrong", address="192.0.2.1").body


def test_guesses_do_not_keep_a_signed_in_person_from_changing_their_password(
    city: City, person: Person
) -> None:
    access = login(city, person, address=HOME).body["accessToken"]
    attack(city, person)
    change = {"currentPassword": PASSWORD, "newPassword": "Laterne Quark Segel 7"}
    assert call("change-password", body=change, token=access, address="198.51.100.1").status == 204


def test_a_stolen_session_cannot_be_used_to_guess_the_password(city: City, person: Person) -> None:
    access = login(city, person, address=HOME).body["accessToken"]
    change = {"currentPassword": "wrong", "newPassword": "Laterne Quark Segel 7"}
    statuses = [
        call("change-password", body=change, token=access, address=f"192.0.2.{n}").status for n in range(8)
    ]
    assert statuses == [422] * 6 + [429] * 2
