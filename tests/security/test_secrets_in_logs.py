"""What nobody may read later is in no log line, no error, no event but the ones that carry it, no audit entry
and no metric.
"""

import io
import logging
import traceback
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.db.orm import Database
from shared.kit.record import Record
from shared.kit.settings import settings
from shared.runtime.problem_details import as_problem
from shared.telemetry.logs import Outlet, log
from shared.telemetry.metrics import exposition
from tests.auth.people import accept, invite, link_token, login, refresh
from tests.random_walk import requests
from tests.security.reading import OUTSIDE, body_model, by_name, fields_of, path_of
from tests.support import Answer, City, call, deliver, superuser
from tooling.registry import records, services

MARK = "Geheimnis-4711"
SECRET_FIELDS = ("password", "token", "secret", "code", "key", "credential")
# the mail's link, and where a device is reached
CARRIED = {"notification.requested", "device.registered", "device.removed"}
BODIED = [r for r in OUTSIDE if body_model(r)]


class Everything(Outlet):
    """Whatever anybody logs at any level, written out with its traceback."""

    def __init__(self, written: io.StringIO) -> None:
        super().__init__()
        self.written = written

    def put(self, function: str, line: bytes) -> None:  # noqa: ARG002 (the line says it)
        self.written.write(line.decode() + "\n")

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.exc_info and record.exc_info[1]:
            self.written.write("".join(traceback.format_exception(record.exc_info[1])))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The logs of this test, of our loggers and everybody else's, at DEBUG."""
    found = io.StringIO()
    handler, root = Everything(found), logging.getLogger()
    levels = log.level, root.level
    for logger in (log, root):
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield found
    for logger, level in zip((log, root), levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def secret_fields(record: Record) -> list[str]:
    """The fields of a body whose names say that they hold a secret."""
    return sorted(
        name for name in fields_of(body_model(record)) if any(word in name.lower() for word in SECRET_FIELDS)
    )


def send(record: Record, city: City, body: Any, **parts: Any) -> Answer:
    return call(
        record.name,
        path=path_of(record),
        token=city.token("super_admin"),
        tenant="" if record.tenantless else city.tenant.slug,
        body=body,
        **parts,
    )


@pytest.mark.parametrize("record", [r for r in BODIED if secret_fields(r)], **by_name)
def test_a_secret_in_a_body_is_in_no_log_and_no_refusal(
    record: Record, city: City, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    valid = next(dict(case.body) for case in requests(record.name) if isinstance(case.body, dict))
    for field in secret_fields(record):
        secret = f"{MARK}-{field}-{uuid4()}"
        bodies = [
            valid | {field: secret},
            valid | {field: secret, "unknown": 1},
            valid | {field: [secret]},
            valid | {field: secret * 200},
            {field: secret},
            valid | {field: {secret: 1}},
        ]
        answers = [send(record, city, body) for body in bodies]
        answers.append(send(record, city, f'{{"{field}": "{secret}", '.encode()))
        answers.append(send(record, city, None, query=f"{field}={secret}"))
        assert not [
            got.body
            for got in answers
            if got.status >= 400 and MARK.encode() in got.raw and "unknown parameter" not in str(got.body)
        ]

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the handler fails")

    monkeypatch.setattr("shared.runtime.binding.Binding.answer", fails)
    send(record, city, valid | {secret_fields(record)[0]: MARK})
    assert MARK not in written.getvalue()


def test_passwords_and_tokens_of_a_whole_life_are_nowhere(city: City, written: io.StringIO) -> None:
    """Invited, joined, logged in, refreshed, mistyped, a device registered, logged out."""
    assert invite(city).status == 201
    link, password, device = link_token(city), f"{MARK} Ofen Kiesel 39", f"{MARK}-device-{uuid4()}"
    person = accept(link, password).body
    signed = login(city, person["email"], password).body
    renewed = refresh(signed["refreshToken"]).body
    login(city, person["email"], password + " falsch")
    assert (
        call(
            "register-device",
            token=renewed["accessToken"],
            body={"deviceId": "phone", "platform": "fcm", "token": device},
        ).status
        == 201
    )
    for extra in ("change-password", "create-api-token"):
        if extra in records():
            call(
                extra,
                token=renewed["accessToken"],
                body={"currentPassword": password, "newPassword": f"{MARK} neu Anker 40"}
                if "pass" in extra
                else {"name": "x", "scopes": ["listings:read"]},
            )
    call("logout", token=renewed["accessToken"])
    secrets = [
        link,
        password,
        device,
        *(pair[name] for pair in (signed, renewed) for name in ("accessToken", "refreshToken")),
    ]
    secrets += [token.rpartition(".")[2] for token in secrets[3:]]

    for where, said in {
        "the log": written.getvalue(),
        "metrics": exposition().decode(),
        "events": "\n".join(e.text for e in city.events() if e.type not in CARRIED),
        "changes": "\n".join(e.text for service in services() for e in city.changes(service)),
    }.items():
        assert not [secret for secret in secrets if secret in said], where
    assert not [secret for secret in [password, *secrets[3:]] if any(secret in e.text for e in city.events())]
    for event in (*city.events(), *city.changes("auth"), *city.changes("users")):
        assert deliver("record-audit-entry", event).status == 204
    assert not [secret for secret in secrets if secret in everything_in("audit")]
    for service in services():  # a password and a bearer token are kept nowhere, not even where they are used
        assert not [secret for secret in [password, *secrets[3:]] if secret in everything_in(service)], (
            service
        )


def everything_in(service: str) -> str:
    """All rows of all tables of a service, as text."""
    with superuser(settings().postgres_database_prefix + service) as connection:
        tables = [
            name for [name] in connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        return "\n".join(
            str(connection.run(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{name}\" t"))
            for name in tables
        )


@pytest.mark.parametrize("through", ["sql", "orm"])
def test_a_row_that_the_database_refuses_is_not_in_the_log(
    through: str, city: City, written: io.StringIO
) -> None:
    """SQLAlchemy would say which values; Postgres would say which row, were there no row-level security."""
    work = city.sql("auth")
    insert, values = (
        "INSERT INTO accounts (id, tenant_id, email) VALUES (:id, :tenant, :email)",
        {"id": uuid4(), "tenant": city.id, "email": MARK},
    )
    with pytest.raises(Exception, match="23502") as refused:
        work.run(insert, **values) if through == "sql" else Database(work, city.id).execute(
            text(insert), values
        )
    work.rollback()
    assert as_problem(refused.value).status == 500
    assert "23502" in written.getvalue()
    assert MARK not in written.getvalue()


def test_secrets_of_the_platform_are_not_in_what_prints_the_settings() -> None:
    shown = repr(settings()) + str(settings()) + str(settings().model_dump())
    for name in type(settings()).model_fields:
        value = getattr(settings(), name)
        if hasattr(value, "get_secret_value") and len(value.get_secret_value()) > 8:
            assert value.get_secret_value() not in shown, name


def test_authorization_is_in_no_log_and_no_answer(city: City, written: io.StringIO) -> None:
    for value in (f"Bearer {MARK}", f"Basic {MARK}", f"Bearer {MARK}.{MARK}.{MARK}", MARK):
        for name in ("whoami", "list-listings", "login"):
            got = call(
                name,
                headers={"authorization": value},
                tenant=city.tenant.slug,
                body={} if name == "login" else None,
            )
            assert MARK.encode() not in got.raw
    assert MARK not in written.getvalue()
