"""Who has an account is told by no answer and by no amount of work: hashes, questions to Redis and to
Postgres are counted, not clocks.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import bcrypt
import pytest

from shared.adapters import redis
from shared.db.pg import Connection
from tests.auth.people import PASSWORD, accept, invite, join, link_token
from tests.security.reading import present
from tests.support import Answer, City, call

DIFFERENT = ("timestamp", "correlationId", "registrationId")
Work = Counter[str]


def measured(ask: Callable[[], Answer]) -> tuple[Answer, Work]:
    """An answer, and what it took."""
    work: Work = Counter()

    def counting(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **more: Any) -> Any:
            work[what] += 1
            return real(*given, **more)

        return counted

    with pytest.MonkeyPatch.context() as watched:
        for owner, name in (
            (bcrypt, "hashpw"),
            (bcrypt, "checkpw"),
            (bcrypt, "gensalt"),
            (redis, "command"),
            (Connection, "batch"),
        ):
            watched.setattr(owner, name, counting(name, getattr(owner, name)))
        # asks Redis at every tenth call, whoever makes it
        watched.setattr("shared.runtime.rate_limits.check", lambda *_, **__: {})
        return ask(), work


def shown(got: Answer) -> tuple[int, Any, Any]:
    """What a caller sees: status, body and headers, without what differs at every call."""

    def without(node: Any) -> Any:
        return (
            {k: without(v) for k, v in node.items() if k not in DIFFERENT} if isinstance(node, dict) else node
        )

    return got.status, without(got.body), {k: v for k, v in got.headers.items() if k != "X-Correlation-Id"}


def put(city: City, email: str, state: str) -> str:
    """Give an account a state, whichever function it would be that does."""
    city.rows(
        "auth",
        "UPDATE accounts SET state = :state WHERE email = :email RETURNING 1",
        state=state,
        email=email,
    )
    return email


def addresses(city: City) -> dict[str, str]:
    """One address of each kind; all of the same length, or the work could differ for that."""
    [[states]] = city.rows(
        "auth",
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint
      WHERE conrelid = 'accounts'::regclass AND pg_get_constraintdef(oid) LIKE '%state%'""",
    ) or [[""]]
    found = {"unknown": f"{uuid4().hex[:8]}@example.org", "known": join(city).email}
    invite(city, email=(invited := f"{uuid4().hex[:8]}@example.org"))
    return (
        found
        | {"invited": invited}
        | {
            state: put(city, join(city).email, state)
            for state in ("locked", "deactivated", "inactive", "deleted")
            if f"'{state}'" in states
        }
    )


def alike(city: City, ask: Callable[[str], Answer], kinds: dict[str, str]) -> None:
    """Each kind of address is answered the same after the same work."""
    ask(f"{uuid4().hex[:8]}@example.org")  # what is prepared once per process is not what is compared
    answers = {kind: measured(lambda email=email: ask(email)) for kind, email in kinds.items()}  # type: ignore[misc]  # mypy infers no lambda with a default
    expected, effort = answers["unknown"]
    for kind, (got, work) in answers.items():
        assert shown(got) == shown(expected), kind
        assert work == effort, kind


def sent(name: str, city: City, body: dict[str, Any]) -> Answer:
    return call(name, tenant=city.tenant.slug, body=body)


def test_a_login_is_refused_alike_whose_ever_address_it_is(city: City) -> None:
    kinds = addresses(city)
    assert len(kinds) >= 4
    alike(
        city,
        lambda email: sent("login", city, {"email": email, "password": "Ein ganz anderes Wort 7"}),
        kinds,
    )


def test_who_is_locked_out_is_refused_like_a_stranger_even_with_the_right_password(city: City) -> None:
    kinds = {kind: email for kind, email in addresses(city).items() if kind != "known"}
    alike(city, lambda email: sent("login", city, {"email": email, "password": PASSWORD}), kinds)


def test_a_hash_is_compared_exactly_once_whatever_is_known(city: City) -> None:
    for email in addresses(city).values():
        _, work = measured(lambda email=email: sent("login", city, {"email": email, "password": "wrong"}))  # type: ignore[misc]  # mypy infers no lambda with a default
        assert (work["checkpw"], work["hashpw"]) == (1, 0)


def test_the_brake_on_guessing_is_as_strong_for_strangers(city: City) -> None:
    def series(email: str) -> list[int]:
        return [sent("login", city, {"email": email, "password": "wrong"}).status for _ in range(7)]

    assert series(join(city).email) == series(f"{uuid4().hex[:8]}@example.org")


def test_no_password_is_hashed_while_a_wait_lasts(city: City) -> None:
    email = join(city).email
    for _ in range(7):
        sent("login", city, {"email": email, "password": "wrong"})
    got, work = measured(lambda: sent("login", city, {"email": email, "password": PASSWORD}))
    assert got.status == 429
    assert not work["checkpw"]


def test_a_reset_is_promised_alike_whose_ever_address_it_is(city: City) -> None:
    present("forgot-password")
    alike(city, lambda email: sent("forgot-password", city, {"email": email}), addresses(city))


def test_a_registration_is_taken_alike_whose_ever_address_it_is(city: City) -> None:
    present("register")
    body = {"name": "Ada Lenz", "password": "Ein ganz anderes Wort 7"}
    alike(city, lambda email: sent("register", city, body | {"email": email}), addresses(city))


def test_an_address_of_another_city_is_unknown_here(city: City, other_city: City) -> None:
    kinds = {"unknown": f"{uuid4().hex[:8]}@example.org", "known elsewhere": join(other_city).email}
    alike(city, lambda email: sent("login", city, {"email": email, "password": PASSWORD}), kinds)


def test_a_link_that_was_used_is_refused_like_one_that_never_was(city: City) -> None:
    invite(city)
    used = link_token(city)
    assert accept(used).status == 201
    invented = used[:-4] + ("AAAA" if not used.endswith("AAAA") else "BBBB")
    answers = [measured(lambda token=token: accept(token)) for token in (used, invented)]  # type: ignore[misc]  # mypy infers no lambda with a default
    assert shown(answers[0][0]) == shown(answers[1][0])
    assert answers[0][0].code == "LINK_INVALID"
    assert answers[0][1] == answers[1][1]
