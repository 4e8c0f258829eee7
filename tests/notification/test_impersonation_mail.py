"""Who is told that somebody acts in another's name."""

from uuid import UUID, uuid4

import httpx
import pytest

from tests.adapters.running import ThirdParties
from tests.auth.people import said
from tests.notification.people import settle_in
from tests.support import City, deliver


@pytest.mark.usefixtures("thirdparty")
def test_the_lead_admins_are_told_by_mail_in_their_language(
    city: City, other_city: City, thirdparty: ThirdParties
) -> None:
    owner, admin = settle_in(city, "super_city_admin"), settle_in(city, "city_admin")
    stranger = settle_in(other_city, "super_city_admin")
    started = said(
        city,
        "impersonation.started",
        {
            "impersonationId": str(uuid4()),
            "userId": str(city.person("city_admin")),
            "impersonatorId": str(uuid4()),
            "reason": "Ticket <4711>",
        },
    )
    for _ in range(2):  # delivered twice, told once
        assert deliver("notify-admins-of-impersonation", started).status == 204
    city.settle()
    inbox = f"{thirdparty.url('inbox')}/api/messages"
    assert [len(httpx.get(inbox, params={"to": address}).json()) for address in (owner, admin, stranger)] == [
        1,
        0,
        0,
    ]
    mail = httpx.get(f"{inbox}/{httpx.get(inbox, params={'to': owner}).json()[0]['id']}").json()
    assert f"im Namen von {admin}" in mail["subject"]
    assert "Ticket <4711>" in mail["text"]
    assert "Ticket &lt;4711&gt;" in mail["html"]


def test_somebody_whom_the_mails_do_not_know_yet_is_named_by_id(city: City) -> None:
    settle_in(city, "super_city_admin")
    who = uuid4()
    started = said(
        city,
        "impersonation.started",
        {"impersonationId": str(uuid4()), "userId": str(who), "impersonatorId": str(uuid4())},
    )
    assert deliver("notify-admins-of-impersonation", started).status == 204
    [asked] = city.events("notification.requested")
    assert (asked.data["values"]["name"], UUID(asked.data["userId"])) == (
        str(who),
        city.person("super_city_admin"),
    )
