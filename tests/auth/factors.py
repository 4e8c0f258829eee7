"""Second factors for tests: an app that shows codes, and people who have set one up."""

import time
from dataclasses import dataclass
from typing import Any

import pyotp

from tests.auth.people import PASSWORD, Person, login
from tests.support import Answer, City, call


@dataclass
class Phone:
    """An authenticator app, and the codes on paper beside it."""

    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many half minutes from now."""
        return str(pyotp.TOTP(self.secret).at(time.time(), counter_offset=steps))


def enrol(token: str, password: str = PASSWORD, code: str | None = None) -> Answer:
    return call("enrol-second-factor", body={"password": password, "code": code}, token=token)


def confirm(token: str, code: str) -> Answer:
    return call("confirm-second-factor", body={"code": code}, token=token)


def set_up(token: str) -> Phone:
    """Enrol and confirm; as if it were long ago, so that the code of this half minute is good for a login."""
    enrolled = enrol(token)
    assert enrolled.status == 201, enrolled.body
    phone = Phone(enrolled.body["secret"], [])
    confirmed = confirm(token, phone.code())
    assert confirmed.status == 200, confirmed.body
    phone.recovery_codes = confirmed.body["recoveryCodes"]
    return phone


def later(city: City) -> None:
    """As if some minutes had gone by since the last code was used."""
    city.rows("auth", "UPDATE second_factors SET last_step = last_step - 10 RETURNING 1")


def challenged(city: City, person: Person) -> str:
    asked = login(city, person)
    assert asked.status == 200, asked.body
    challenge: str = asked.body["challenge"]
    return challenge


def answer(challenge: str, code: str, **parts: Any) -> Answer:
    return call("answer-second-factor", body={"challenge": challenge, "code": code}, **parts)
