"""What a message carries beside its words, and what its kind means for when it comes."""

from typing import Any

import httpx
import pytest

from events.notification import Channel, Kind, MessageFile, NotificationRequested
from shared.adapters import storage
from tests.adapters.running import ThirdParties, free_ports
from tests.notification.people import settle_in, tell
from tests.notification.test_deliveries import Clock, clock, deliveries, listed
from tests.notification.test_listing_notifications import mails
from tests.notification.test_wishes import around_now, has_phone, notice, prefer, pushes
from tests.support import City
from tooling.stack.environment import entered

__all__ = ["clock"]
pytestmark = pytest.mark.usefixtures("thirdparty")
ICS = MessageFile(
    key="modules/waste/1/dates.ics", name="Abfuhr Süd.ics", content_type="text/calendar; charset=utf-8"
)


def with_(city: City, channel: Channel, **facts: Any) -> NotificationRequested:
    return notice(city, channel).model_copy(update=facts)


def arrived(thirdparty: ThirdParties, address: str) -> dict[str, Any]:
    [entry] = mails(thirdparty, address)
    found: dict[str, Any] = httpx.get(f"{thirdparty.url('inbox')}/api/messages/{entry['id']}").json()
    return found


@pytest.mark.parametrize(
    ("kind", "quiet", "off"),
    [("account", 1, 1), ("notice", 0, 0), ("reminder", 1, 0), ("alert", 1, 0), (None, 0, 0)],
)
def test_what_quiet_hours_and_a_channel_that_is_switched_off_hold_back(
    city: City, thirdparty: ThirdParties, kind: Kind | None, quiet: int, off: int
) -> None:
    settle_in(city, "editor")
    phone = has_phone(city, city.person("editor"))
    prefer(city, ["push"], quiet=around_now())
    tell(city, "send-push", with_(city, "push", kind=kind))
    assert pushes(thirdparty, phone) == quiet
    prefer(city, [])
    tell(city, "send-push", with_(city, "push", kind=kind))
    assert pushes(thirdparty, phone) == quiet + off


def test_alerts_that_waited_go_before_all_that_waited_longer(
    city: City, thirdparty: ThirdParties, clock: Clock
) -> None:
    address = settle_in(city, "editor")
    with entered({"SMTP_PORT": str(free_ports(1)[0])}):
        for title, kind in (("Lesecafé", "notice"), ("Hochwasser", "alert")):
            told = with_(city, "email", kind=kind, values={"city": "Kiel", "title": title})
            tell(city, "send-email", told)
    clock.later(hours=2)
    subjects = [mail["subject"] for mail in mails(thirdparty, address)]
    assert subjects == [
        f"Ihr Eintrag ist veröffentlicht: {title}" for title in ("Lesecafé", "Hochwasser")
    ]  # newest first
    assert {entry["kind"] for entry in listed(city)} == {"notice", "alert"}


def test_a_mail_says_how_it_is_unsubscribed_with_one_click_and_by_https_only(
    city: City, thirdparty: ThirdParties
) -> None:
    address = settle_in(city, "editor")
    url = "https://kiel.example/u/" + "x" * 300
    tell(city, "send-email", with_(city, "email", kind="reminder", unsubscribe_url=url))
    headers = arrived(thirdparty, address)["headers"]
    assert headers["list-unsubscribe"] == f"<{url}>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    raw = httpx.get(f"{thirdparty.url('inbox')}/messages/{mails(thirdparty, address)[0]['id']}/raw").content
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in raw  # one line: some signatures break on a folded one
    httpx.delete(f"{thirdparty.url('inbox')}/api/messages")
    tell(city, "send-email", with_(city, "email", unsubscribe_url=url.replace("https", "http")))
    assert "list-unsubscribe-post" not in arrived(thirdparty, address)["headers"]


@pytest.mark.parametrize(
    "url", ["https://a.example/>,<mailto:x@y.example", "https://a.example/\r\nBcc: x", "javascript:x"]
)
def test_an_address_that_would_be_more_than_one_is_none(city: City, url: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        NotificationRequested.model_validate(notice(city, "email").model_dump() | {"unsubscribe_url": url})


def test_a_mail_brings_its_files_along(city: City, thirdparty: ThirdParties) -> None:
    address = settle_in(city, "editor")
    storage.put(city.id, ICS.key, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar")
    tell(city, "send-email", with_(city, "email", files=[ICS]))
    found = arrived(thirdparty, address)
    assert found["attachments"] == [
        {"filename": "Abfuhr Süd.ics", "content_type": "text/calendar", "size": 32}
    ]
    assert "Lesecafé" in found["text"]
    assert "Lesecafé" in found["html"]


def test_a_file_that_is_another_citys_gone_or_too_large_ends_the_mail(
    city: City, other_city: City, thirdparty: ThirdParties
) -> None:
    address = settle_in(city, "editor")
    storage.put(other_city.id, ICS.key, b"x", "text/calendar")
    tell(city, "send-email", with_(city, "email", files=[ICS]))
    storage.put(city.id, ICS.key, b"x" * 200_001, "text/calendar")
    tell(city, "send-email", with_(city, "email", files=[ICS]))
    tell(city, "send-email", with_(city, "email", files=[ICS.model_copy(update={"key": "../x"})]))
    assert [row[:2] for row in deliveries(city)] == [
        ["failed", "FILE_MISSING"],
        ["failed", "FILES_TOO_LARGE"],
        ["failed", "FILE_MISSING"],
    ]
    assert mails(thirdparty, address) == []


def test_while_the_object_store_is_away_the_mail_waits_and_mails_without_files_go(
    city: City, thirdparty: ThirdParties, clock: Clock
) -> None:
    address = settle_in(city, "editor")
    storage.put(city.id, ICS.key, b"x", "text/calendar")
    with entered({"S3_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        tell(city, "send-email", with_(city, "email", files=[ICS]))
        tell(city, "send-email", notice(city, "email"))
    assert sorted(row[0] for row in deliveries(city)) == ["sent", "waiting"]
    clock.later(minutes=1)
    assert [row[0] for row in deliveries(city)] == ["sent", "sent"]
    assert len(mails(thirdparty, address)) == 2


def test_each_message_leads_to_what_it_is_about(city: City, thirdparty: ThirdParties) -> None:
    phone = has_phone(city, city.person("editor"))
    settle_in(city, "editor")
    link = f"https://{city.tenant.slug}.heidi.example/l/listing/1"
    tell(city, "send-push", with_(city, "push", link=link))
    [push] = httpx.get(f"{thirdparty.url('inbox')}/api/pushes", params={"token": phone}).json()
    assert push["data"] == {"template": "listing_approved", "link": link}
