"""Who hears what about a listing, through the whole chain of events."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from events.users import DeviceRegistered
from shared.tenancy.app_links import link_to
from tests.adapters.running import ThirdParties
from tests.core.factories import make_listing
from tests.notification.people import settle_in, tell
from tests.support import City, deliver

pytestmark = pytest.mark.usefixtures("thirdparty")


def mails(thirdparty: ThirdParties, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(
        f"{thirdparty.url('inbox')}/api/messages", params={"to": address}
    ).json()
    return found


def decide(city: City, verb: str, listing: dict[str, Any], **parts: Any) -> None:
    assert (
        city.call(
            f"{verb}-listing", "city_admin", path=f"/api/listings/{listing['id']}/{verb}", **parts
        ).status
        == 200
    )


def test_admins_of_the_city_are_mailed_about_a_pending_listing_and_nobody_else(
    city: City, other_city: City, thirdparty: ThirdParties
) -> None:
    admin, owner, editor = (settle_in(city, role) for role in ("city_admin", "super_city_admin", "editor"))
    stranger = settle_in(other_city, "city_admin")
    listing = make_listing(city, title="Lesecafé am Markt")
    city.settle()
    assert [len(mails(thirdparty, address)) for address in (admin, owner, editor, stranger)] == [1, 1, 0, 0]
    assert "Lesecafé am Markt" in mails(thirdparty, admin)[0]["subject"]
    [link] = {said.data["link"] for said in city.events("notification.requested")}
    assert link == link_to(city.tenant, "review", UUID(listing["id"]))


def test_an_approval_reaches_the_author_by_mail_and_push(city: City, thirdparty: ThirdParties) -> None:
    author = settle_in(city, "editor")
    tell(
        city,
        "remember-device",
        DeviceRegistered(
            user_id=city.person("editor"), device_id="phone", platform="fcm", token=f"fcm:{city.id}"
        ),
    )
    decide(city, "approve", make_listing(city, title="Lesecafé"))
    city.settle()
    assert [mail["subject"] for mail in mails(thirdparty, author)] == [
        "Ihr Eintrag ist veröffentlicht: Lesecafé"
    ]
    pushes = httpx.get(f"{thirdparty.url('inbox')}/api/pushes", params={"token": f"fcm:{city.id}"}).json()
    assert len(pushes) == 1
    assert {event.data["channel"] for event in city.events("notification.sent")} == {"email", "push"}


def test_a_rejection_carries_its_reason_in_the_authors_language(city: City, thirdparty: ThirdParties) -> None:
    author = settle_in(city, "editor", language="en")
    decide(city, "reject", make_listing(city), body={"reason": "Opening hours <missing>"})
    city.settle()
    [mail] = mails(thirdparty, author)
    assert mail["subject"].startswith("Your listing was not approved")
    detail = httpx.get(f"{thirdparty.url('inbox')}/api/messages/{mail['id']}").json()
    assert "Opening hours <missing>" in detail["text"]
    assert "Opening hours &lt;missing&gt;" in detail["html"]


def test_an_event_that_comes_twice_sends_one_mail(city: City, thirdparty: ThirdParties) -> None:
    author = settle_in(city, "editor")
    decide(city, "approve", make_listing(city))
    [approved] = city.events("listing.approved")
    for _ in range(2):
        assert deliver("notify-contributor-of-approval", approved).status == 204
    city.delivered.add(approved.envelope.id)
    city.settle()
    assert len(mails(thirdparty, author)) == 1


def test_a_device_that_is_gone_is_forgotten(city: City, thirdparty: ThirdParties) -> None:
    settle_in(city, "editor")
    tell(
        city,
        "remember-device",
        DeviceRegistered(
            user_id=city.person("editor"), device_id="old", platform="fcm", token="unregistered-1"
        ),
    )
    decide(city, "approve", make_listing(city))
    city.settle()
    assert city.rows("notification", "SELECT count(*) FROM devices") == [[0]]
    assert "push" in {event.data["channel"] for event in city.events("notification.failed")}


def test_a_message_to_somebody_who_is_not_known_yet_is_tried_again(city: City) -> None:
    decide(city, "approve", make_listing(city))
    [approved] = city.events("listing.approved")
    deliver("notify-contributor-of-approval", approved)
    mail = next(event for event in city.events("notification.requested") if event.data["channel"] == "email")
    assert deliver("send-email", mail).status == 503
