"""No file outlives its row, however long the object store is away; and what was deleted is not said to have
failed.
"""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from events.platform import FilesAbandoned
from shared.adapters import storage
from shared.context import Context
from tests.adapters.conftest import servers, thirdparty
from tests.core.test_media import picture, processed
from tests.support import City, deliver
from tests.users.people import known
from tooling.stack.environment import entered

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
AWAY = {"S3_ENDPOINT": "http://127.0.0.1:9"}


def files(city: City) -> list[str]:
    return list(storage.keys(city.id))


def document(city: City) -> str:
    body = {
        "file": {
            "content": base64.b64encode(b"Das Rathaus hat montags auf.").decode(),
            "content_type": "text/plain",
        }
    }
    return str(city.call("ingest-document", "city_admin", body=body).body["documentId"])


def abandoned(city: City) -> Iterator[int]:
    """The statuses of bringing what was said about files."""
    return (deliver("delete-abandoned-files", said).status for said in city.events("files.abandoned"))


def test_a_document_is_deleted_while_the_object_store_is_away_and_its_file_goes_when_it_is_back(
    city: City,
) -> None:
    made = document(city)
    with entered(AWAY):
        assert city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{made}").status == 204
        assert set(abandoned(city)) == {503}  # the broker keeps it, and tries again
    assert len(files(city)) == 1
    assert set(abandoned(city)) == {204}
    assert files(city) == []
    assert set(abandoned(city)) == {204}  # twice is once


def test_a_photo_and_a_medium_likewise(city: City) -> None:
    person = known(city)
    person.call("upload-profile-photo", body={"photo": {"content": base64.b64encode(picture()).decode()}})
    media = processed(city, picture())
    with entered(AWAY):
        assert person.call("remove-profile-photo").status == 204
        assert city.call("delete-media", "city_admin", path=f"/api/media/{media}").status == 204
    city.settle()
    assert files(city) == []


def test_a_file_whose_transaction_fails_is_removed(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        with ThreadPoolExecutor(1) as apart:  # a function itself asks the store while it holds nothing
            assert len(apart.submit(files, city).result()) == 1
        raise RuntimeError("something after the file went wrong")

    monkeypatch.setattr(Context, "emit", interrupted)
    body = {"file": {"content": base64.b64encode(b"Text").decode(), "content_type": "text/plain"}}
    assert city.call("ingest-document", "city_admin", body=body).status == 500
    assert files(city) == []
    assert city.rows("chatbot", "SELECT count(*) FROM documents") == [[0]]


def test_other_cities_files_stay(city: City, other_city: City) -> None:
    document(city)
    document(other_city)
    said = FilesAbandoned(folders=("documents/",))
    assert said.folders == ("documents/",)
    for folder in ("", "/", "documents"):
        with pytest.raises(ValueError, match="folders"):
            FilesAbandoned(folders=(folder,))
    deleted = city.rows("chatbot", "SELECT id FROM documents")[0][0]
    city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{deleted}")
    city.settle()
    assert (files(city), len(files(other_city))) == ([], 1)


@pytest.mark.parametrize("name", ["scrape-url", "chunk-document", "embed-chunks"])
def test_a_document_that_is_deleted_while_it_is_read_is_done(city: City, name: str) -> None:
    made = document(city)
    [said] = city.events("document.ingested")
    city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{made}")
    kind = {"scrape-url": "requested", "chunk-document": "ingested", "embed-chunks": "chunked"}[name]
    said.envelope = replace(said.envelope, id=str(uuid4()), type=f"app.heidi.document.{kind}")
    assert deliver(name, said).status == 204


def test_many_deletions_at_once_leave_nothing(city: City) -> None:
    made = [document(city) for _ in range(8)]
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda each: city.call(
                    "delete-document", "city_admin", path=f"/api/chatbot/documents/{each}"
                ),
                made,
            )
        )
    city.settle()
    assert files(city) == []
