"""Files that are small and become large: none takes more memory than its function has, however many come at
once.
"""

import base64
import io
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.chatbot.files import raw_pdf
from tests.core.test_media import picture, uploaded
from tests.memory import watched
from tests.support import Answer, City, deliver
from tests.users.people import known
from tooling.registry import records

pytestmark = [
    pytest.mark.usefixtures("thirdparty"),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measured by /proc"),
]
MIB = 1024 * 1024
AT_ONCE = 8  # calls that one instance of a function gets at the same time


@cache
def heavy(kind: str) -> bytes:
    """The largest picture of a kind that is let in, in few bytes."""
    file = io.BytesIO()
    kinds: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {
        "PNG": ((4000, 4000), {}),
        "WEBP": ((4000, 4000), {"quality": 1}),
        "JPEG": ((8000, 6000), {"progressive": True}),
    }
    size, options = kinds[kind]
    Image.new("RGB" if kind == "JPEG" else "RGBA", size, (9, 99, 200, 80)).save(file, kind, **options)
    return file.getvalue()


@cache
def too_heavy() -> bytes:
    """Fifty million pixels in 200 kB, which took 900 MB each."""
    return picture("PNG", (7071, 7071), "RGBA")


def photo(data: bytes) -> dict[str, object]:
    return {"content": base64.b64encode(data).decode()}


def test_many_photos_at_once_fit_into_the_functions_memory(city: City) -> None:
    person = known(city)

    def upload(data: bytes) -> Answer:
        return person.call("upload-profile-photo", body={"photo": photo(data)})

    with watched() as peak, ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(
            threads.map(
                upload,
                [heavy("PNG"), heavy("WEBP"), heavy("JPEG"), too_heavy(), too_heavy(), *[heavy("PNG")] * 3],
            )
        )
    assert {answer.status for answer in answers} <= {200, 422, 503}
    assert 200 in {answer.status for answer in answers}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status == 503)
    assert peak.of_a_pod < records()["upload-profile-photo"].memory * MIB


def test_many_media_at_once_fit_into_the_functions_memory(city: City) -> None:
    for kind in ("PNG", "WEBP", "JPEG", "PNG"):
        uploaded(city, heavy(kind), f"image/{kind.lower()}")
    events = city.events("media.uploaded")
    with watched() as peak, ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = set(threads.map(lambda event: deliver("process-media", event).status, events))
    assert statuses <= {204, 503}
    assert 204 in statuses
    assert peak.of_a_pod < records()["process-media"].memory * MIB


def ingest(city: City, data: bytes, content_type: str) -> str:
    done = city.call(
        "ingest-document",
        "city_admin",
        body={"file": {"content": base64.b64encode(data).decode(), "content_type": content_type}},
    )
    assert done.status == 202, done.body
    return str(done.body["documentId"])


def huge_string() -> bytes:
    return raw_pdf(zlib.compress(b"BT /F1 11 Tf (" + b"a b " * 15_000_000 + b") Tj ET"), "FlateDecode")


# files that took from 420 MB to 1.9 GB when they were read
DOCUMENT_BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "ascii85": (lambda: raw_pdf(b"z" * 20_000_000 + b"~>", "ASCII85Decode"), "application/pdf"),
    "one huge string": (huge_string, "application/pdf"),
    "attributes": (lambda: b"<html><p " + b"a=1 " * 2_000_000 + b">x</p>", "text/html"),
    "list": (lambda: b"- a\n" * 5_000_000, "text/markdown"),
}


def document_bomb(name: str) -> tuple[bytes, str]:
    make, content_type = DOCUMENT_BOMBS[name]
    return make(), content_type


@pytest.mark.parametrize("name", DOCUMENT_BOMBS)
def test_a_document_that_is_a_bomb_has_failed_with_a_sentence_and_hurt_nobody(city: City, name: str) -> None:
    document = ingest(city, *document_bomb(name))
    [event] = city.events("document.ingested")
    with watched() as peak:
        # and not a broken connection, which the broker would repeat
        assert deliver("chunk-document", event).status == 204
    assert peak.of_a_pod < records()["chunk-document"].memory * MIB
    state, problem = city.rows("chatbot", "SELECT state, problem FROM documents WHERE id = :id", id=document)[
        0
    ]
    assert (state, problem) == (
        "failed",
        "Reading the document takes more memory or time than one document may have.",
    )
    good = ingest(city, b"Das Rathaus hat montags geoeffnet.", "text/plain")
    city.settle()
    assert city.rows("chatbot", "SELECT state FROM documents WHERE id = :id", id=good) == [["ready"]]


def test_many_documents_at_once_fit_into_the_functions_memory(city: City) -> None:
    for _ in range(4):
        ingest(city, *document_bomb("one huge string"))
    with watched() as peak, ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = set(
            threads.map(
                lambda event: deliver("chunk-document", event).status, city.events("document.ingested")
            )
        )
    assert statuses <= {204, 503}
    assert peak.of_a_pod < records()["chunk-document"].memory * MIB
