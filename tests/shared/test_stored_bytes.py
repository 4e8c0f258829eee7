"""What a city stores is one stock: every service counts its own files to it, and none takes what another has
used up.
"""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.city.usage.usage import COUNTED_BY
from shared.adapters import malware, redis, storage
from shared.kit.settings import settings
from shared.tenancy import stored_bytes
from tests.adapters.conftest import servers, thirdparty
from tests.city.factories import registered
from tests.city.test_header import upload as upload_header
from tests.core.test_media import announce, picture
from tests.factory.test_web_build import built, prepare, trigger
from tests.privacy.lives import erase
from tests.support import ALL_FEATURES, Answer, City, call, deliver
from tests.users.people import known

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
USED = "SELECT coalesce(sum(used), 0)::bigint FROM usage WHERE kind = 'storage_bytes'"
SOME_TEXT = b"Das Rathaus hat montags auf. "


@pytest.fixture
def limited() -> Iterator[City]:
    """A city that may store 100,000 bytes."""
    with City.known("schriesheim", quotas={"storage_bytes": 100_000}, features=ALL_FEATURES) as made:
        yield made


def counted(city: City) -> dict[str, int]:
    """What each service has counted and not given back."""
    found = {
        service: int(city.rows(service, USED)[0][0])
        for service, kinds in COUNTED_BY.items()
        if "storage_bytes" in kinds
    }
    return {service: used for service, used in found.items() if used}


def lying(city: City) -> int:
    """The size of what is in its bucket, without descriptions of jobs."""
    return sum(storage.stat(city.id, key).size for key in city.files() if not key.endswith("job.json"))


def ingest(city: City, size: int) -> Answer:
    content = (SOME_TEXT * (size // len(SOME_TEXT) + 1))[:size]
    body = {"file": {"content": base64.b64encode(content).decode(), "contentType": "text/plain"}}
    return city.call("ingest-document", "city_admin", body=body)


def test_a_document_counts_until_it_is_deleted(city: City) -> None:
    made = ingest(city, 5000)
    assert counted(city) == {"chatbot": 5000} == {"chatbot": lying(city)}
    assert (
        city.call(
            "delete-document", "city_admin", path=f"/api/chatbot/documents/{made.body['documentId']}"
        ).status
        == 204
    )
    assert counted(city) == {}


def test_a_document_with_malware_counts_no_more_and_is_not_given_back_twice(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(city, 700)
    made = ingest(city, 5000).body["documentId"]

    def found(_: bytes) -> None:
        raise malware.MalwareFound(name="Eicar")

    monkeypatch.setattr(malware, "check", found)
    [said] = [said for said in city.events("document.ingested") if said.data["documentId"] == made]
    assert deliver("chunk-document", said).status == 204
    assert counted(city) == {"chatbot": 700} == {"chatbot": lying(city)}
    city.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{made}")
    assert counted(city) == {"chatbot": 700}


def test_a_photo_counts_with_the_size_that_it_has_and_one_after_another_once(city: City) -> None:
    person = known(city)
    for kind in ("PNG", "JPEG"):
        person.call(
            "upload-profile-photo", body={"photo": {"content": base64.b64encode(picture(kind)).decode()}}
        )
        assert counted(city) == {"users": lying(city)}
    assert person.call("remove-profile-photo").status == 204
    assert counted(city) == {}


def test_a_header_counts_and_takes_the_place_of_the_one_before(city: City) -> None:
    with registered(city) as made:
        for size in ((900, 300), (300, 100)):
            assert upload_header(made, made.tenant.slug, picture(size=size)).status == 200
            assert counted(made) == {"city": lying(made)}


def test_a_build_counts_with_its_artifact(city: City) -> None:
    prepare(city)
    made = built(city)
    assert counted(city) == {"factory": made["artifactBytes"]} == {"factory": lying(city)}


def test_a_build_that_nothing_is_left_for_fails_and_costs_nothing(limited: City) -> None:
    announce(limited, b"", size=99_999)
    prepare(limited)
    queued = trigger(limited).body["buildId"]
    limited.settle()
    failed = limited.call("get-build", "city_admin", path=f"/api/builds/{queued}").body
    assert (failed["status"], failed["error"]) == ("failed", "QUOTA_EXCEEDED")
    assert counted(limited) == {"core": 99_999}
    assert lying(limited) == 0


def test_a_city_at_its_limit_is_refused_by_every_service(limited: City) -> None:
    assert announce(limited, b"", size=99_999).status == 201
    refused = [
        ingest(limited, 2),
        announce(limited, b"", size=2),
        known(limited).call(
            "upload-profile-photo", body={"photo": {"content": base64.b64encode(picture()).decode()}}
        ),
    ]
    assert [(answer.status, answer.code) for answer in refused] == [(429, "QUOTA_EXCEEDED")] * 3
    assert refused[0].body["error"]["details"] == {"quota": "storage_bytes", "limit": 100_000}
    assert limited.files() == []
    assert ingest(limited, 1).status == 202


def test_what_one_service_gives_back_another_may_use(limited: City) -> None:
    made = ingest(limited, 90_000).body["documentId"]
    assert announce(limited, b"", size=20_000).code == "QUOTA_EXCEEDED"
    limited.call("delete-document", "city_admin", path=f"/api/chatbot/documents/{made}")
    assert announce(limited, b"", size=20_000).status == 201


def test_two_services_that_race_use_up_a_city_once_and_are_both_refused_from_then_on(limited: City) -> None:
    """Each is exact by itself, and knows of the other's last calls a moment late: no more than those is too
    much.
    """
    storage.put(limited.id, "warm", b"")
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda n: ingest(limited, 10_000) if n % 2 else announce(limited, b"", size=10_000), range(32)
            )
        )
    served = sum(answer.status < 300 for answer in answers)
    parts = counted(limited)
    assert sum(parts.values()) == served * 10_000
    assert max(parts.values()) <= 100_000
    assert 10 <= served <= 17  # at most seven were under way
    assert stored_bytes.elsewhere(limited.id, "nobody") == sum(parts.values())
    assert {ingest(limited, 10_000).code, announce(limited, b"", size=10_000).code} == {"QUOTA_EXCEEDED"}


def test_what_redis_has_lost_is_told_again(limited: City) -> None:
    announce(limited, b"", size=60_000)
    redis.command("DEL", stored_bytes.key(limited.id))
    assert stored_bytes.elsewhere(limited.id, "chatbot") == 0
    assert (
        call("gather-stored-bytes", path="/", token=settings().broker_token.get_secret_value()).status == 204
    )
    assert stored_bytes.elsewhere(limited.id, "chatbot") == 60_000
    assert ingest(limited, 50_000).code == "QUOTA_EXCEEDED"


def test_other_cities_do_not_count(limited: City, other_city: City) -> None:
    ingest(other_city, 90_000)
    assert ingest(limited, 90_000).status == 202


def test_whoever_is_erased_gives_back_what_their_photo_took(city: City) -> None:
    person = known(city)
    person.call("upload-profile-photo", body={"photo": {"content": base64.b64encode(picture()).decode()}})
    erase(city, person.id)
    assert counted(city) == {}
