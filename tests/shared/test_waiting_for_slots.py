"""Whoever waits for a slot, or works in one, holds no connection; what happened meanwhile is minded
afterwards.
"""

import base64
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from functions.chatbot.extraction.confined import READ
from shared.db.pg import pool
from shared.kit.settings import settings
from shared.sandbox.confined import Work, run
from shared.sandbox.pictures import RENDER
from tests.chatbot.test_documents import ingest, read
from tests.city.factories import registered
from tests.core.test_media import picture, row, uploaded
from tests.privacy.conftest import servers, thirdparty
from tests.shared.test_slots import until
from tests.support import Answer, City, deliver
from tests.users.people import Known, known
from tooling.registry import services

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
THREADS = ThreadPoolExecutor(4)


@contextmanager
def occupied(work: Work) -> Iterator[None]:
    """All slots are somebody's."""
    with ExitStack() as held:
        for _ in range(work.at_once):
            held.enter_context(work.slots.taken(30))
        yield


def waiting(work: Work, *calls: Any) -> "list[Future[Answer]]":
    """Calls that are under way, and wait for a slot when this returns."""
    under_way = [THREADS.submit(*call) for call in calls]
    until(lambda: len(work.slots.line) == work.at_once + len(calls) or any(call.done() for call in under_way))
    assert not any(call.done() for call in under_way)
    return under_way


def borrowed() -> int:
    """How many connections are somebody's now."""
    pools = [pool(settings().postgres_database_prefix + service) for service in services()]
    return sum(settings().postgres_pool_size - one.shares.free for one in pools)


def brought(city: City, name: str, kind: str) -> tuple[Any, ...]:
    """The call that brings the newest event of a kind."""
    return deliver, name, city.events(kind)[-1]


def photo(person: Known, key: str) -> Answer:
    sent = {"photo": {"content": base64.b64encode(picture()).decode()}}
    return person.call("upload-profile-photo", body=sent, headers={"idempotency-key": key})


def test_a_medium_waits_without_a_connection(city: City) -> None:
    media = uploaded(city, picture())
    with occupied(RENDER):
        [call] = waiting(RENDER, brought(city, "process-media", "media.uploaded"))
        assert borrowed() == 0
    assert call.result().status == 204
    assert row(city, media)["state"] == "ready"


def test_a_photo_waits_without_a_connection_even_if_it_comes_with_a_key(city: City) -> None:
    with occupied(RENDER):
        [call] = waiting(RENDER, (photo, known(city), "a-key"))
        assert borrowed() == 0
    assert call.result().status == 200


def test_a_citys_header_waits_without_a_connection(city: City) -> None:
    with registered(city) as made:
        sent = {"picture": {"content": base64.b64encode(picture()).decode()}}
        path = f"/api/cities/{made.id}/header"
        with occupied(RENDER):
            [call] = waiting(
                RENDER, (lambda: made.call("upload-city-header", "super_city_admin", path=path, body=sent),)
            )
            assert borrowed() == 0
        assert call.result().status == 200


def test_a_document_waits_without_a_connection(city: City) -> None:
    document = ingest(city)
    with occupied(READ):
        [call] = waiting(READ, brought(city, "chunk-document", "document.ingested"))
        assert borrowed() == 0
    assert call.result().status == 204
    assert read(city, document)["state"] == "chunked"


def test_whoever_would_wait_with_a_connection_is_told_so_by_the_first_test(city: City) -> None:
    with (
        pool(settings().postgres_database_prefix + "core").take(),
        pytest.raises(RuntimeError, match="released"),
    ):
        run(RENDER, picture())


def test_a_medium_that_is_deleted_meanwhile_leaves_no_file(city: City) -> None:
    media = uploaded(city, picture())
    with occupied(RENDER):
        [call] = waiting(RENDER, brought(city, "process-media", "media.uploaded"))
        assert city.call("delete-media", "editor", path=f"/api/media/{media}").status == 204
    assert call.result().status == 204
    assert city.files() == []
    assert city.rows("core", "SELECT state FROM media") == []


def test_a_document_that_is_deleted_meanwhile_stays_deleted(city: City) -> None:
    document = ingest(city)
    with occupied(READ):
        [call] = waiting(READ, brought(city, "chunk-document", "document.ingested"))
        assert (
            city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{document}").status
            == 204
        )
    assert call.result().status == 204
    assert city.rows("chatbot", "SELECT id FROM chunks") == []
    assert city.events("document.chunked") == []


def test_an_event_that_comes_twice_at_once_has_one_effect(city: City) -> None:
    ingest(city)
    bring = brought(city, "chunk-document", "document.ingested")
    with occupied(READ):
        calls = waiting(READ, bring, bring)
    assert [call.result().status for call in calls] == [204, 204]
    assert len(city.events("document.chunked")) == 1


def test_a_key_that_comes_twice_at_once_has_one_effect_and_one_answer(city: City) -> None:
    person = known(city)
    with occupied(RENDER):
        calls = waiting(RENDER, (photo, person, "same"), (photo, person, "same"))
    first, second = (call.result() for call in calls)
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert {"Idempotency-Replayed"} & {*first.headers, *second.headers}
    assert len(city.files()) == 1
