"""The CloudEvents SDK reads what we say, and what it writes is understood: in every mode of HTTP."""

import json
from collections.abc import Callable, Mapping

import pytest
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http, from_json

from shared.events.outbox import Outgoing
from shared.events.publisher import structured
from shared.kit.settings import settings
from shared.telemetry.spans import Publishing
from tests.core.factories import make_listing
from tests.support import City, Said, call

OF_BODIES = {"specversion", "datacontenttype"}
Written = tuple[Mapping[str, str], bytes]


@pytest.fixture
def said(city: City) -> Said:
    make_listing(city, title="Öffnungszeiten am 1. Mai: «geschlossen»")
    return city.events()[0]


def attributes(event: CloudEvent) -> dict[str, str]:
    return {name: value for name, value in event.get_attributes().items() if name not in OF_BODIES}


def test_what_we_say_in_binary_mode_is_read(said: Said) -> None:
    read = from_http(said.envelope.headers(), said.text.encode())
    assert attributes(read) == said.envelope.attributes()
    assert read.data == said.data


def test_what_we_say_in_a_batch_is_read_event_by_event(said: Said) -> None:
    outgoing = Outgoing("heidi_core", said.envelope, said.text.encode())
    read = from_json(structured(Publishing(said.envelope), outgoing))
    assert attributes(read) == said.envelope.attributes()
    assert read.data == said.data


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_what_the_sdk_writes_is_taken_once(
    said: Said, city: City, write: Callable[[CloudEvent], Written]
) -> None:
    headers, body = write(CloudEvent(said.envelope.attributes(), said.data))
    token = settings().broker_token.get_secret_value()
    for _ in range(2):
        answer = call("record-audit-entry", path="/", body=bytes(body), token=token, headers=dict(headers))
        assert answer.status == 204, answer.body
    [[kept]] = city.rows(
        "audit", "SELECT CAST(data AS text) FROM entries WHERE event_id = :id", id=said.envelope.id
    )
    assert json.loads(kept).items() <= said.data.items()
