"""A third party that hangs costs those who wait for it some seconds, and nobody else a connection or a lock."""

import base64
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from functions.chatbot.documents import scrape_url
from functions.chatbot.documents.web_page import Page
from shared.adapters import llm, mail
from shared.adapters.vectors import VectorsUnavailable, pinecone
from tests.chatbot.test_documents import TEXT, ingest
from tests.city.factories import registered
from tests.core.test_media import picture, row, uploaded
from tests.privacy.conftest import servers, thirdparty
from tests.shared.hanging import Hanging, Patience, hanging, patience
from tests.shared.test_slots import LONG, until
from tests.shared.test_waiting_for_slots import borrowed, brought, photo
from tests.support import ALL_FEATURES, Answer, City, deliver
from tests.users.people import known
from tooling.stack.environment import entered

__all__ = ["patience", "servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
THREADS = ThreadPoolExecutor(4)
PAGE = b"<html><body><h1>Rathaus</h1><p>Das Rathaus hat montags von 8 bis 12 Uhr auf.</p></body></html>"
ANNOUNCED = {
    "filename": "a.jpg",
    "contentType": "image/jpeg",
    "size": 1000,
    "author": "Ada",
    "licence": "CC0",
}
SENT = {"file": {"content": base64.b64encode(TEXT).decode(), "content_type": "text/plain"}}


@pytest.fixture
def store() -> Iterator[Hanging]:
    """The object store, which hangs."""
    with hanging("S3_ENDPOINT") as found:
        yield found


def asking(third: Hanging, *calls: Any) -> "list[Future[Answer]]":
    """Calls that are under way, and have asked the third party when this returns."""
    before = third.asked
    under_way = [THREADS.submit(*call) for call in calls]
    until(lambda: third.asked >= before + len(calls) or all(call.done() for call in under_way))
    return under_way


def outcomes(calls: "list[Future[Answer]]") -> list[tuple[int, str]]:
    return [(call.result(LONG).status, call.result(LONG).code) for call in calls]


def posted(city: City, **headers: str) -> Answer:
    return city.call("ingest-document", "city_admin", body=SENT, headers=headers)


def given_an_address(city: City) -> Answer:
    return city.call("ingest-document", "city_admin", body={"url": "https://example.org/"})


def test_documents_wait_for_the_store_without_a_connection_or_a_lock(
    city: City, store: Hanging, patience: Patience
) -> None:
    calls = asking(store, (posted, city), (posted, city), (posted, city))
    assert borrowed() == 0
    assert (
        city.rows(
            "chatbot", "SELECT 1 FROM usage WHERE tenant_id = :tenant FOR UPDATE NOWAIT", tenant=city.id
        )
        == []
    )
    assert given_an_address(city).status == 202
    assert len(city.call("list-documents", "city_admin").body["items"]) == 1
    patience.is_over()
    assert outcomes(calls) == [(503, "STORAGE_UNAVAILABLE")] * 3
    assert city.rows("chatbot", "SELECT state FROM documents") == [["requested"]]


def test_one_document_with_a_key_that_comes_twice_waits_twice_and_is_there_once(
    city: City, store: Hanging, patience: Patience
) -> None:
    calls = asking(
        store,
        (lambda: posted(city, **{"idempotency-key": "k"}),),
        (lambda: posted(city, **{"idempotency-key": "k"}),),
    )
    assert borrowed() == 0
    patience.is_over()
    assert outcomes(calls) == [(503, "STORAGE_UNAVAILABLE")] * 2


def test_a_photo_waits_for_the_store_without_a_connection(
    city: City, store: Hanging, patience: Patience
) -> None:
    person = known(city)
    calls = asking(store, (photo, person, "a-key"))
    assert borrowed() == 0
    assert person.call("get-my-profile").body["photoUrl"] is None
    patience.is_over()
    assert outcomes(calls) == [(503, "STORAGE_UNAVAILABLE")]


def test_a_citys_header_waits_for_the_store_without_a_connection(
    city: City, store: Hanging, patience: Patience
) -> None:
    sent = {"picture": {"content": base64.b64encode(picture()).decode()}}
    with registered(city) as made:
        path = f"/api/cities/{made.id}/header"
        calls = asking(
            store, (lambda: made.call("upload-city-header", "super_city_admin", path=path, body=sent),)
        )
        assert borrowed() == 0
        patience.is_over()
        assert outcomes(calls) == [(503, "STORAGE_UNAVAILABLE")]


def test_a_medium_waits_for_the_store_without_a_connection(city: City, patience: Patience) -> None:
    media = uploaded(city, picture())
    bring = brought(city, "process-media", "media.uploaded")
    with hanging("S3_ENDPOINT") as store:
        [call] = asking(store, bring)
        assert borrowed() == 0
        assert city.rows("core", "SELECT state FROM media WHERE id = :id FOR UPDATE NOWAIT", id=media) == [
            ["uploaded"]
        ]
        patience.is_over()
        assert call.result(LONG).status == 503
    assert deliver(*bring[1:]).status == 204
    assert row(city, media)["state"] == "ready"


def test_an_upload_is_announced_without_a_connection(store: Hanging, patience: Patience) -> None:
    with City.known("leimen") as made:
        announce = (lambda: made.call("request-upload", "editor", body=ANNOUNCED),)
        calls = asking(store, announce)
        assert borrowed() == 0
        patience.is_over()
        assert outcomes(calls) == [(503, "STORAGE_UNAVAILABLE")]
        assert made.rows("core", "SELECT id FROM media") == []


def test_a_model_that_hangs_keeps_no_document_locked_and_the_built_in_way_does(
    city: City, patience: Patience
) -> None:
    document = ingest(city)
    assert deliver("chunk-document", city.events("document.ingested")[-1]).status == 204
    with hanging("OPENAI_BASE_URL", OPENAI_API_KEY="a-key") as model:
        [call] = asking(model, brought(city, "embed-chunks", "document.chunked"))
        assert borrowed() == 0
        assert city.rows("chatbot", "SELECT state FROM documents FOR UPDATE NOWAIT") == [["chunked"]]
        patience.is_over()
        assert call.result(LONG).status == 204
        assert llm.EMBED_SECONDS in patience.given
    assert city.rows("chatbot", "SELECT id::text, state FROM documents") == [[document, "ready"]]


def test_a_document_that_is_deleted_while_a_model_works_stays_deleted(city: City, patience: Patience) -> None:
    document = ingest(city)
    assert deliver("chunk-document", city.events("document.ingested")[-1]).status == 204
    with hanging("OPENAI_BASE_URL", OPENAI_API_KEY="a-key") as model:
        [call] = asking(model, brought(city, "embed-chunks", "document.chunked"))
        assert (
            city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{document}").status
            == 204
        )
        patience.is_over()
        assert call.result(LONG).status == 204
    assert city.rows("chatbot", "SELECT id FROM vectors") == []


def test_a_page_that_hangs_keeps_its_document_free(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    given_an_address(city)
    begun, over = Event(), Event()
    monkeypatch.setattr(
        scrape_url,
        "fetch",
        lambda _: begun.set() or (over.wait(LONG) and Page("https://example.org/", "text/html", PAGE)),
    )
    call = THREADS.submit(*brought(city, "scrape-url", "document.requested"))
    assert begun.wait(LONG)
    assert borrowed() == 0
    assert city.rows("chatbot", "SELECT state FROM documents FOR UPDATE NOWAIT") == [["requested"]]
    over.set()
    assert call.result(LONG).status == 204
    assert city.rows("chatbot", "SELECT d.state, d.size, u.used FROM documents d, usage u") == [
        ["received", len(PAGE), len(PAGE)]
    ]


def test_a_page_whose_document_is_deleted_meanwhile_leaves_no_file(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = given_an_address(city).body["documentId"]

    def fetch(_: str) -> Page:
        assert (
            city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{document}").status
            == 204
        )
        return Page("https://example.org/", "text/html", PAGE)

    monkeypatch.setattr(scrape_url, "fetch", fetch)
    assert deliver("scrape-url", city.events("document.requested")[-1]).status == 204
    assert city.files() == []
    assert city.rows("chatbot", "SELECT sum(used) FROM usage WHERE used > 0") == [[None]]


def test_a_page_that_is_too_much_for_the_quota_fails_and_leaves_no_file() -> None:
    with (
        City.known("eppelheim", quotas={"storage_bytes": len(PAGE) - 1}, features=ALL_FEATURES) as made,
        pytest.MonkeyPatch.context() as patch,
    ):
        given_an_address(made)
        patch.setattr(scrape_url, "fetch", lambda _: Page("https://example.org/", "text/html", PAGE))
        assert deliver("scrape-url", made.events("document.requested")[-1]).status == 204
        assert made.rows("chatbot", "SELECT state, size FROM documents") == [["failed", None]]
        assert made.files() == []


def test_a_vector_store_that_drips_is_given_so_long_as_a_whole(patience: Patience) -> None:
    found = Hanging()
    index = pinecone.connect(found.address, "a-key")
    [call] = asking(found, (pinecone.PineconeVectors(index, "a-model").query, "a-city", [1.0], 1))
    patience.is_over()
    with pytest.raises(VectorsUnavailable):
        call.result(LONG)
    assert (found.asked, patience.given) == (1, [pinecone.WHOLE])
    index.close()
    pinecone.connect.cache_clear()
    found.stop()


def test_a_mail_server_that_drips_is_given_so_long_as_a_whole(patience: Patience) -> None:
    found = Hanging(b"220-welcome\r\n", b"220-welcome\r\n", first=True)
    with entered({"SMTP_HOST": "127.0.0.1", "SMTP_PORT": found.address.rpartition(":")[2]}):
        [call] = asking(found, (mail.send, "ada@example.org", "Guten Tag", "Text"))
        patience.is_over()
        with pytest.raises(mail.MailUnavailable):
            call.result(LONG)
    assert (found.asked, patience.given[0]) == (1, mail.WHOLE)
    found.stop()


def test_a_key_that_comes_twice_at_once_leaves_one_file(city: City) -> None:
    calls = [THREADS.submit(lambda: posted(city, **{"idempotency-key": "k"})) for _ in range(4)]
    assert {call.result(LONG).status for call in calls} == {202}
    assert len(city.rows("chatbot", "SELECT id FROM documents")) == 1
    assert len(city.files()) == 1


def test_documents_at_once_use_the_quota_up_exactly_and_what_is_too_much_leaves_no_file() -> None:
    with City.known("hirschberg", quotas={"storage_bytes": 3 * len(TEXT)}, features=ALL_FEATURES) as made:
        statuses = [call.result(LONG).status for call in [THREADS.submit(posted, made) for _ in range(8)]]
        assert sorted(statuses) == [202] * 3 + [429] * 5
        assert made.rows("chatbot", "SELECT used FROM usage") == [[3 * len(TEXT)]]
        assert len(made.files()) == 3


def test_a_quota_that_is_used_up_costs_no_upload(store: Hanging) -> None:
    with City.known("heddesheim", quotas={"storage_bytes": len(TEXT) - 1}, features=ALL_FEATURES) as made:
        assert posted(made).code == "QUOTA_EXCEEDED"
    assert store.asked == 0


def test_a_store_that_hangs_is_soon_left_alone(
    city: City, store: Hanging, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.circuit_breaker.SLOW", 0.0)
    for _ in range(3):
        calls = asking(store, (posted, city))
        patience.is_over()
        assert [call.result(LONG).status for call in calls] == [503]
    assert [posted(city).status for _ in range(2)] == [503] * 2
    assert store.asked == 3


def test_whoever_would_store_a_file_with_a_connection_is_told_so_by_the_first_test(city: City) -> None:
    from shared.db.pg import pool
    from shared.files import keep
    from shared.kit.settings import settings

    with (
        pool(settings().postgres_database_prefix + "core").take(),
        pytest.raises(RuntimeError, match="released"),
    ):
        keep(None, "a", b"", "text/plain")  # type: ignore[arg-type]  # nobody looks at it
    assert ingest(city)
