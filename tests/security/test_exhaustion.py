"""Nobody uses up what others need."""

import io
import zipfile
from collections.abc import Iterator

import pytest

from functions.chatbot.extraction.errors import DocumentTooLarge
from functions.chatbot.extraction.formats import extract
from shared.kit.settings import settings
from shared.runtime import rate_limits
from tests.support import City, call

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
FORM = {"content-type": "multipart/form-data; boundary=XX"}


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("RATE_LIMIT_TENANT", "10")
        patched.setenv("RATE_LIMIT_IP", "3")
        patched.setenv("RATE_LIMIT_USER", "3")
        patched.setattr(rate_limits, "WINDOW", 10**10)  # no minute ends in the middle
        settings.cache_clear()
        rate_limits.leases.clear()
        yield
    settings.cache_clear()


@pytest.mark.usefixtures("small_limits")
def test_one_address_cannot_use_up_what_the_whole_city_may_ask(city: City) -> None:
    assert [city.call("list-listings").status for _ in range(20)] == [200] * 3 + [429] * 17
    assert city.call("list-listings", "citizen").status == 200


@pytest.mark.usefixtures("small_limits")
def test_one_person_cannot_use_up_what_the_whole_city_may_ask(city: City) -> None:
    assert [city.call("list-listings", "citizen").status for _ in range(20)] == [200] * 3 + [429] * 17
    assert city.call("list-listings").status == 200


def field(name: str) -> bytes:
    return b'--XX\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n' % name.encode()


@pytest.mark.parametrize(
    "names", [["same"] * 50_000, [f"n{number}" for number in range(50_000)]], ids=["one name", "many names"]
)
def test_a_form_of_very_many_parts_is_refused_before_they_are_all_read(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def noted(name: str) -> str:
        made.append(name)
        return name

    monkeypatch.setattr("shared.kit.forms.camel", noted)
    refused = call("login", body=b"".join(map(field, names)) + b"--XX--\r\n", headers=dict(FORM))
    assert (refused.status, refused.code) == (400, "MALFORMED_FORM")
    assert len(made) <= 101


def test_a_word_document_that_packs_millions_of_tags_into_kilobytes_is_refused_before_it_is_parsed() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml",
            f"<w:document {NAMESPACE}><w:body>{'<w:p/>' * 2_000_000}</w:body></w:document>",
        )
    assert len(packed.getvalue()) < 50_000
    with pytest.raises(DocumentTooLarge):
        extract(packed.getvalue(), WORD)
