"""The inbox page and its API: what people and tests see of what was sent, and what a hostile mail cannot do."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import uuid4

import httpx
import pytest

from shared.adapters import mail, push
from shared.adapters.push import PushMessage
from tests.adapters.running import ThirdParties


@pytest.fixture
def inbox(thirdparty: ThirdParties) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=thirdparty.url("inbox")) as client:
        yield client


def deliver(thirdparty: ThirdParties, content: bytes, to: str) -> None:
    """Send bytes that no well-meaning library would write."""
    with smtplib.SMTP("127.0.0.1", thirdparty.config.smtp_port) as session:
        session.sendmail("someone@example.org", [to], content)


def only(inbox: httpx.Client, to: str) -> str:
    (found,) = inbox.get("/api/messages", params={"to": to}).json()
    return str(found["id"])


def test_mails_and_pushes_stand_together_newest_first(inbox: httpx.Client) -> None:
    name = uuid4().hex
    mail.send(f"{name}@example.org", f"Mail {name}", "t")
    push.send(PushMessage(id=name, title=f"Push {name}", body="b"), f"device:{name}")
    mail.send(f"{name}@example.org", f"Later {name}", "t")
    page = inbox.get("/").text
    assert page.index(f"Later {name}") < page.index(f"Push {name}") < page.index(f"Mail {name}")
    (found,) = inbox.get("/api/pushes", params={"token": f"device:{name}"}).json()
    assert f"Push {name}" in inbox.get(f"/pushes/{found['id']}").text


def test_the_list_is_found_by_recipient_time_and_number(
    inbox: httpx.Client, thirdparty: ThirdParties
) -> None:
    to = f"{uuid4().hex}@example.org"
    for number in range(3):
        mail.send(to, str(number), "t")
    found = inbox.get("/api/messages", params={"to": to.upper()}).json()
    assert [entry["subject"] for entry in found] == ["2", "1", "0"]
    assert [
        entry["subject"] for entry in inbox.get("/api/messages", params={"to": to, "limit": 1}).json()
    ] == ["2"]
    middle = found[1]["received_at"]
    assert [
        entry["subject"] for entry in inbox.get("/api/messages", params={"to": to, "since": middle}).json()
    ] == ["2", "1"]
    epoch = datetime.now(UTC).timestamp() + 86_400
    assert inbox.get("/api/messages", params={"to": to, "since": str(epoch)}).json() == []
    assert inbox.get("/api/messages", params={"to": to[1:]}).json() == []


@pytest.mark.parametrize("query", ["since=yesterday", "limit=many", "since=9" + "9" * 30])
def test_a_query_that_means_nothing_is_refused(inbox: httpx.Client, query: str) -> None:
    assert inbox.get(f"/api/messages?{query}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/messages/nothing",
        "/api/messages/0",
        "/messages/..%2f..%2fetc%2fpasswd",
        "/pushes/1",
        "/messages/%00",
        "/nowhere",
    ],
)
def test_what_does_not_exist_is_not_found(inbox: httpx.Client, path: str) -> None:
    assert inbox.get(path).status_code == 404


def test_a_mails_html_runs_no_script_and_reaches_nobody(inbox: httpx.Client) -> None:
    to = f"{uuid4().hex}@example.org"
    mail.send(
        to,
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script><form action=//evil>",
    )
    page, name = inbox.get("/").text, only(inbox, to)
    single = inbox.get(f"/messages/{name}")
    for text in (page, single.text):
        assert "<script>" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in single.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in single.text
    assert "default-src 'none'" in single.headers["content-security-policy"]
    html = inbox.get(f"/messages/{name}/html")
    policy = html.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "script" not in policy
    assert inbox.get(f"/messages/{name}/raw").headers["content-type"].startswith("text/plain")
    assert inbox.get("/").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no headers at all",
        b"Subject: \xff\xfe broken\r\n\r\n\xff\xfe",
        b"Subject: =?utf-8?b?////?=\r\n\r\nx",
        b"Subject: =?no-such-charset?q?x?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"Content-Type: text/html; charset=utf-8\r\n\r\n\xff<p>",
        b"From: <<<>>>, @@,\r\nTo: [\r\nDate: yesterday\r\nMessage-ID: <<\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx",
        b":\r\n: x\r\n\r\n",
    ],
)
def test_a_broken_mail_is_kept_and_shown_like_any_other(
    inbox: httpx.Client, thirdparty: ThirdParties, content: bytes
) -> None:
    to = f"{uuid4().hex}@example.org"
    deliver(thirdparty, content, to)
    name = only(inbox, to)
    for path in (
        f"/messages/{name}",
        f"/messages/{name}/html",
        f"/messages/{name}/raw",
        f"/api/messages/{name}",
        "/",
    ):
        assert inbox.get(path).status_code == 200


def test_what_a_mail_says_about_its_recipients_does_not_move_it(
    inbox: httpx.Client, thirdparty: ThirdParties
) -> None:
    to, other = f"{uuid4().hex}@example.org", f"{uuid4().hex}@example.org"
    deliver(
        thirdparty,
        f'X-Inbox-Summary: {{"to": ["{other}"]}}\r\nTo: {other}\r\nDelivered-To: {other}\r\n\r\nx'.encode(),
        to,
    )
    only(inbox, to)
    assert inbox.get("/api/messages", params={"to": other}).json() == []


def test_attachments_are_listed(inbox: httpx.Client, thirdparty: ThirdParties) -> None:
    to = f"{uuid4().hex}@example.org"
    message = EmailMessage()
    message["Subject"] = "Müllkalender"
    message.set_content("anbei")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Abfälle.pdf")
    deliver(thirdparty, message.as_bytes(), to)
    name = only(inbox, to)
    assert inbox.get(f"/api/messages/{name}").json()["attachments"] == [
        {"filename": "Abfälle.pdf", "content_type": "application/pdf", "size": 4}
    ]
    assert "Abfälle.pdf" in inbox.get(f"/messages/{name}").text


def test_the_page_refreshes_by_itself_until_it_is_told_not_to(inbox: httpx.Client) -> None:
    assert 'http-equiv="refresh"' in inbox.get("/").text
    assert 'http-equiv="refresh"' not in inbox.get("/?refresh=off").text
    assert inbox.get("/style.css").headers["content-type"].startswith("text/css")
    assert inbox.get("/health/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""])
def test_a_page_that_leads_its_own_name_here_reads_nothing(inbox: httpx.Client, host: str) -> None:
    assert inbox.get("/api/messages", headers={"Host": host}).status_code == 421
    assert inbox.get("/api/messages", headers={"Host": "localhost:8083"}).status_code == 200
