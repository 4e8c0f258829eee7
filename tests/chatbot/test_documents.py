"""Documents on their way: none is stuck for good, whoever asks is told why in their language, and a page is
known by its address.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from functions.chatbot.documents import scrape_url
from functions.chatbot.documents.web_page import Page, PageUnavailable
from functions.chatbot.extraction import confined
from functions.chatbot.extraction.formats import DOCX, PDF
from shared.adapters import llm
from shared.kit.settings import settings
from shared.sandbox.confined import MIB
from tests.adapters.conftest import servers, thirdparty
from tests.chatbot.files import docx, pdf
from tests.chatbot.support import serving
from tests.support import Answer, City, call, deliver
from tooling.stack.environment import entered

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
DOCUMENTS = "/api/chatbot/documents"
TEXT = b"Das Rathaus hat montags von 8 bis 12 Uhr auf."


def ingest(city: City, content: bytes = TEXT, content_type: str = "text/plain") -> str:
    body = {"file": {"content": base64.b64encode(content).decode(), "content_type": content_type}}
    made = city.call("ingest-document", "city_admin", body=body)
    assert made.status == 202, made.body
    return str(made.body["documentId"])


def read(city: City, document: str, language: str = "de") -> dict[str, Any]:
    found = city.call(
        "get-document", "city_admin", path=f"{DOCUMENTS}/{document}", headers={"accept-language": language}
    )
    assert found.status == 200, found.body
    return dict(found.body)


def resume(**later: float) -> None:
    due = (datetime.now(UTC) + timedelta(**later)).isoformat()
    token = settings().broker_token.get_secret_value()
    assert call("resume-documents", path="/", token=token, headers={"x-heidi-tick": due}).status == 204


def retry(city: City, document: str) -> Answer:
    return city.call("retry-document", "city_admin", path=f"{DOCUMENTS}/{document}/retry")


def test_whoever_asks_is_told_in_their_language_why_a_document_cannot_be_read(city: City) -> None:
    document = ingest(city, b"%PDF-1.7 this is none", "application/pdf")
    city.settle()
    assert read(city, document)["state"] == "failed"
    assert read(city, document)["problem"] == "Das Dokument ist beschädigt und kann nicht gelesen werden."
    assert read(city, document, "en")["problem"] == "The document is damaged and cannot be read."
    assert "bozuk" in read(city, document, "tr")["problem"]
    [listed] = city.call("list-documents", "city_admin", headers={"accept-language": "en"}).body["items"]
    assert listed["problem"] == "The document is damaged and cannot be read."


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.7/seite", "führt in ein privates Netz"),
        ("http://gibt-es-nicht.invalid/seite", "den es nicht gibt"),
        ("http://ada:geheim@example.org/seite", "darf kein Passwort enthalten"),
    ],
)
def test_a_page_that_cannot_be_fetched_says_so_about_the_address_that_was_given(
    city: City, url: str, code: str
) -> None:
    document = city.call("ingest-document", "city_admin", body={"url": url}).body["documentId"]
    city.settle()
    problem = read(city, document)["problem"]
    assert code in problem
    assert url in problem
    assert "robots.txt" not in problem


def test_whoever_asks_is_told_that_a_page_does_not_answer_until_it_does(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: str) -> Page:
        raise PageUnavailable

    monkeypatch.setattr(scrape_url, "fetch", silent)
    document = city.call("ingest-document", "city_admin", body={"url": "https://stadt.example/bad"}).body[
        "documentId"
    ]
    [said] = city.events("document.requested")
    before = read(city, document)
    assert deliver("scrape-url", said).status == 503
    waiting = read(city, document)
    assert waiting == before | {"problem": "Die Webseite antwortet gerade nicht. Sie wird erneut abgerufen."}
    assert (
        read(city, document, "en")["problem"] == "The page does not answer at the moment. It is tried again."
    )
    monkeypatch.setattr(scrape_url, "fetch", lambda url: Page(url, "text/plain", TEXT))
    assert deliver("scrape-url", said).status == 204
    assert (read(city, document)["state"], read(city, document)["problem"]) == ("received", None)


def test_a_document_whose_event_was_lost_is_read_all_the_same(city: City) -> None:
    document = ingest(city)
    resume(minutes=5)
    assert len(city.events("document.ingested")) == 1  # it may be on its way still
    resume(minutes=11)
    assert len(city.events("document.ingested")) == 2
    city.settle()
    assert read(city, document)["state"] == "ready"


def test_what_could_not_be_read_for_a_day_has_failed_and_can_be_tried_again(city: City) -> None:
    document = ingest(city)
    resume(hours=25)
    failed = read(city, document)
    assert (failed["state"], failed["problem"][:40]) == ("failed", "Das Dokument konnte innerhalb eines Tage")
    again = retry(city, document)
    assert (again.status, again.body["state"], again.body["problem"]) == (202, "received", None)
    city.settle()
    assert read(city, document)["state"] == "ready"
    assert (retry(city, document).status, retry(city, document).code) == (409, "DOCUMENT_NOT_FAILED")


@pytest.fixture
def only_chat() -> Iterator[None]:
    """A model that knows no embeddings."""
    with (
        serving(web.Application()) as address,
        entered({"OPENAI_BASE_URL": f"{address}/v1", "OPENAI_API_KEY": "k"}),
    ):
        yield
        llm.sdk().close()


@pytest.mark.usefixtures("only_chat")
def test_a_model_without_embeddings_does_not_keep_documents_from_being_ready(city: City) -> None:
    document = ingest(city)
    city.settle()
    assert read(city, document)["state"] == "ready"
    assert city.rows("chatbot", "SELECT count(*) > 0 FROM vectors") == [[True]]


def test_what_was_read_before_a_model_was_there_is_embedded_later(city: City) -> None:
    ingest(city)
    city.settle()
    resume(hours=2)
    assert len(city.events("document.chunked")) == 1  # nothing is missing
    with entered({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "k"}):
        resume(hours=2)
    assert len(city.events("document.chunked")) == 2


def test_a_page_that_is_given_again_takes_the_place_of_what_it_was(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = iter(["180 Euro", "240 Euro"])
    monkeypatch.setattr(
        scrape_url,
        "fetch",
        lambda url: Page(url, "text/plain", f"Der Platz kostet {next(prices)} im Monat.".encode()),
    )
    made = []
    for _ in range(2):
        made.append(
            city.call("ingest-document", "city_admin", body={"url": "https://stadt.example/kita"}).body[
                "documentId"
            ]
        )
        city.settle()
    assert made[0] == made[1]
    assert read(city, made[0])["state"] == "ready"
    [[text]] = city.rows("chatbot", "SELECT text FROM chunks")
    assert text == "Der Platz kostet 240 Euro im Monat."
    said = city.events("document.requested")
    assert {deliver("scrape-url", each).status for each in said} == {204}


def heavy(kind: str) -> bytes:
    """A whole document that is small and takes much memory: a PDF's page of blanks, a word of fifty million
    letters in a Word file.
    """
    return (
        pdf([["Hallo"]], filler=b" " * 70_000_000) if kind == PDF else docx(f'<w:p a="{"x" * 57_000_000}"/>')
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="macOS has no limit on memory")
@pytest.mark.parametrize(("kind", "memory"), [(PDF, 140), (DOCX, 140), (DOCX, 240), (DOCX, 320)])
def test_a_document_that_takes_too_much_memory_is_not_called_damaged(
    city: City, kind: str, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "READ", replace(confined.READ, memory=memory * MIB))
    document = ingest(city, heavy(kind), kind)
    city.settle()
    assert (read(city, document)["state"], read(city, document, "en")["problem"]) == (
        "failed",
        "Reading the document takes more memory or time than one document may have.",
    )


def test_a_document_that_takes_too_much_time_is_not_called_damaged(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "READ", replace(confined.READ, cpu=1))
    document = ingest(city, pdf([["Hallo"]], filler=b"1 0 0 1 0 0 cm\n" * 4_000_000), PDF)
    city.settle()
    assert (
        read(city, document, "en")["problem"]
        == "Reading the document takes more memory or time than one document may have."
    )


@pytest.mark.parametrize(("kind", "content"), [(PDF, pdf([["Hallo"]])[:400]), (DOCX, docx("<w:p>"))])
def test_a_damaged_document_is_called_so_in_little_memory_too(
    city: City, kind: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "READ", replace(confined.READ, memory=140 * MIB))
    document = ingest(city, content, kind)
    city.settle()
    assert read(city, document, "en")["problem"] == "The document is damaged and cannot be read."
