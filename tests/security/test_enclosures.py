"""Where auth keeps only hashes of links, nobody else keeps the links: they are to be read in the mail, and
nowhere on its way.
"""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from events.notification import NotificationRequested
from shared.kit.cipher import SealBroken
from shared.kit.enclosures import opened
from shared.kit.settings import settings
from tests.adapters.conftest import servers, thirdparty
from tests.adapters.running import ThirdParties
from tests.auth.people import accept, forget, invite, join, link_in, register, token_in, verify
from tests.platform.letters import dead, keep
from tests.support import City, Said, deliver, superuser
from tooling.registry import services

__all__ = ["servers", "thirdparty"]


def tokens(city: City) -> list[str]:
    """Of an invitation, a registration and a reset that wait for their mails."""
    person = join(city)
    invite(city, email="invited@example.org")
    register(city, "registered@example.org")
    forget(city, person.email)
    found = [token_in(link_in(event)) for event in city.events("notification.requested")][-3:]
    assert all(len(token) > 40 for token in found)
    return found


def everything(prefix: str) -> Iterator[tuple[str, str]]:
    """Every row of every table of every service, as a dump would hold it."""
    for service in services():
        with superuser(prefix + service) as connection:
            for [table] in connection.run(
                "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            ):
                yield from (
                    (f"{service}.{table}", text)
                    for [text] in connection.run(f"SELECT t::text FROM {table} t")
                )


def asked(city: City, address: str) -> Said:
    """The request for the newest letter to somebody."""
    return [event for event in city.events("notification.requested") if event.data["address"] == address][-1]


def mails(thirdparty: ThirdParties, address: str) -> list[str]:
    """What lies in a mailbox."""
    box = f"{thirdparty.url('inbox')}/api/messages"
    return [
        httpx.get(f"{box}/{mail['id']}").json()["text"]
        for mail in httpx.get(box, params={"to": address}).json()
    ]


def test_no_table_holds_a_link_that_works_neither_before_nor_after_its_mail_has_failed(city: City) -> None:
    secrets = tokens(city)
    for event in city.events("notification.requested"):
        keep(dead(city, id=event.envelope.id), event.text.encode())
    assert len(city.events("notification.requested")) >= 3
    held = [
        (table, text)
        for table, text in everything(settings().postgres_database_prefix)
        if "notification.requested" in text
    ]
    # other tests' events lie elsewhere, too
    assert {table for table, _ in held} >= {"auth.outbox", "platform.dead_letters"}
    assert not [
        table
        for table, text in everything(settings().postgres_database_prefix)
        if any(token in text for token in secrets)
    ]
    assert not [event.type for event in city.events() if any(token in event.text for token in secrets)]


@pytest.mark.usefixtures("thirdparty")
def test_the_mail_holds_the_link_and_the_link_works(city: City, thirdparty: ThirdParties) -> None:
    address = f"{uuid4().hex}@example.org"
    register(city, address)
    assert deliver("send-email", asked(city, address)).status == 204
    [text] = mails(thirdparty, address)
    assert "/links/verify-email#token=" in text
    assert verify(token_in(text)).status == 201


@pytest.mark.usefixtures("thirdparty")
def test_a_link_for_one_address_cannot_be_had_at_another(city: City, thirdparty: ThirdParties) -> None:
    thief = f"{uuid4().hex}@evil.example"
    invite(city, email="invited@example.org")
    stolen = NotificationRequested.model_validate(asked(city, "invited@example.org").data)
    for changed in ({"address": thief}, {"notification_id": uuid4()}):
        with pytest.raises(SealBroken):
            opened(stolen.model_copy(update=changed))
    bent = Said(
        "auth",
        asked(city, "invited@example.org").envelope,
        stolen.model_copy(update={"address": thief}).model_dump_json(by_alias=True),
    )
    deliver("send-email", bent)  # fails for good: nobody will ever be able to write it
    assert mails(thirdparty, thief) == []


def test_what_was_asked_for_before_links_were_sealed_is_still_written(city: City) -> None:
    invite(city, email="invited@example.org")
    request = NotificationRequested.model_validate(asked(city, "invited@example.org").data)
    old = request.model_copy(update={"sealed": {}, "values": request.values | opened(request)})
    assert opened(old) == {}
    assert accept(token_in(old.values["link"])).status == 201
