"""shared/mail.py against the local SMTP server, and what arrives in the inbox."""

import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import mail
from shared.mail import MailRejected, MailUnavailable
from tests.adapters.running import ThirdParties, free_ports
from tests.adapters.tls import make_certificate
from tooling.stack.environment import entered

Arrived = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def to() -> str:
    return f"citizen-{uuid4().hex[:12]}@example.org"


@pytest.fixture
def arrived(thirdparty: ThirdParties) -> Arrived:
    """Whole mails in a mailbox, oldest first."""

    def read(to: str) -> list[dict[str, Any]]:
        api = thirdparty.url("inbox") + "/api/messages"
        found = httpx.get(api, params={"to": to}).raise_for_status().json()
        return [httpx.get(f"{api}/{entry['id']}").raise_for_status().json() for entry in reversed(found)]

    return read


def test_a_mail_arrives_with_text_and_html(to: str, arrived: Arrived) -> None:
    mail.send(to, "Ihr Eintrag ist online", "Guten Tag", "<p>Guten <b>Tag</b></p>")
    (found,) = arrived(to)
    assert (found["subject"], found["text"].strip(), found["html"].strip()) == (
        "Ihr Eintrag ist online",
        "Guten Tag",
        "<p>Guten <b>Tag</b></p>",
    )
    assert found["from"] == "Kiel <noreply@heidi-app.de>"
    assert found["headers"]["content-type"].startswith("multipart/alternative")
    assert found["headers"]["auto-submitted"] == "auto-generated"
    assert found["headers"]["date"]


@pytest.mark.parametrize(
    "subject",
    [
        "Größe & Straße – Öffnungszeiten",
        "مرحبا بكم في مدينتنا",
        "سلام، به شهر ما خوش آمدید",
        "Добро пожаловать в город",
        "İstanbul'dan hoş geldiniz",
        "Ласкаво просимо",
        "Velkommen på rådhuset",
        "🎉 " * 20 + "Stadtfest",
        "Eine sehr lange Betreffzeile mit Umlauten wie ä, ö und ü, die mehrfach umbrochen werden muss, " * 2,
        "=?utf-8?q?a=0D=0ABcc:_victim@example.org?=",
        "word " * 30,
        "x" * 250,
    ],
)
def test_every_language_arrives_as_it_was_written(
    to: str, arrived: Arrived, subject: str, thirdparty: ThirdParties
) -> None:
    mail.send(
        to,
        subject,
        subject + "\n" * 3 + subject * 30,
        f"<p dir=auto>{subject}</p>",
        f"{subject[:20].strip()} <a@b.de>",
    )
    (found,) = arrived(to)
    assert found["subject"] == subject.strip()
    assert found["text"].rstrip() == subject + "\n" * 3 + (subject * 30).rstrip()
    assert subject in found["html"]
    raw = httpx.get(f"{thirdparty.url('inbox')}/messages/{found['id']}/raw").content
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) < 998


@pytest.mark.parametrize(
    "hostile",
    [
        "Hallo\r\nBcc: victim@example.org",
        "Hallo\nBcc: victim@example.org",
        "Hallo\rX: y",
        "Hallo\r\n\r\n<script>",
        "Hallo\u2028Bcc: victim@example.org",
        "a\x00b\x0b\x0c\x85c",
    ],
)
def test_no_line_break_makes_a_new_header(to: str, arrived: Arrived, hostile: str) -> None:
    mail.send(to, hostile, "text", headers={"X-City": hostile})
    (found,) = arrived(to)
    assert set(found["headers"]) == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "x-city",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }
    assert found["to"] == [to]
    assert found["subject"].startswith(hostile[0])
    assert arrived("victim@example.org") == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c",
        "a@b.de, c@d.de",
        "a@b.de\r\nBcc: c@d.de",
        "a@b.de\nX: y",
        "<a@b.de",
        "a b@c.de",
        "a@",
        "@b.de",
        "a@b..de\u2024" * 60,
        "a@b.de>",
        "Name <a@b.de> <c@d.de>",
        "a;b@c.de",
    ],
)
def test_what_is_not_one_address_is_rejected(address: str, arrived: Arrived) -> None:
    for call in (
        lambda: mail.send(address, "s", "t"),
        lambda: mail.send("x@example.org", "s", "t", from_=address or "?"),
    ):
        with pytest.raises(MailRejected):
            call()


@pytest.mark.parametrize(
    "name", ["", "X City", "X:Y", "Bcc", "bcc", "From", "Content-Type", "X\r\nBcc", "Ümlaut"]
)
def test_headers_that_address_or_describe_a_mail_cannot_be_set(to: str, arrived: Arrived, name: str) -> None:
    with pytest.raises(MailRejected):
        mail.send(to, "s", "t", headers={name: "victim@example.org"})
    assert arrived(to) == []


def test_the_same_event_has_the_same_message_id_and_is_recognised(to: str, arrived: Arrived) -> None:
    event, other = uuid4(), uuid4()
    for _ in range(2):
        mail.send(to, "Freigegeben", "t", message_id=mail.message_id_for(event, to))
    mail.send(to, "Freigegeben", "t", message_id=mail.message_id_for(other, to))
    found = arrived(to)
    assert [entry["duplicate"] for entry in found] == [False, True, False]
    assert found[0]["message_id"] == found[1]["message_id"] != found[2]["message_id"]
    assert found[0]["message_id"].endswith("@heidi-app.de>")
    assert (
        mail.message_id_for(event, to.upper())
        == mail.message_id_for(event, to)
        != mail.message_id_for(event, "x" + to)
    )


def test_an_endless_subject_is_cut(to: str, arrived: Arrived) -> None:
    mail.send(to, "ü" * 5000, "t")
    (found,) = arrived(to)
    assert found["subject"] == "ü" * 249 + "…"


def test_a_mail_without_a_message_id_gets_one_of_its_own(to: str, arrived: Arrived) -> None:
    for _ in range(2):
        mail.send(to, "s", "t")
    first, second = arrived(to)
    assert first["message_id"] != second["message_id"]


def test_a_refused_mailbox_is_rejected_for_good_and_its_address_is_not_told(arrived: Arrived) -> None:
    with pytest.raises(MailRejected) as error:
        mail.send("reject-me@example.org", "s", "t")
    assert "550 5.1.1" in error.value.details["reason"]
    assert "reject-me" not in str(error.value)


@pytest.mark.parametrize("address", ["busy-me@example.org", "full-me@example.org"])
def test_a_busy_server_is_tried_again_later(address: str, arrived: Arrived) -> None:
    with pytest.raises(MailUnavailable):
        mail.send(address, "s", "t")
    assert arrived(address) == []


def test_a_mail_that_is_too_big_is_rejected_for_good(to: str, arrived: Arrived) -> None:
    with pytest.raises(MailRejected):
        mail.send(to, "s", "0123456789" * 3_000_000)


@pytest.mark.parametrize(
    "greeting",
    [b"", b"554 no service here\r\n", b"421 too many connections\r\n", b"220 hi\r\n", b"garbage\r\n"],
)
def test_a_server_that_does_not_work_is_unavailable(thirdparty: ThirdParties, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            connection.sendall(greeting)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            entered({**thirdparty.environment(), "SMTP_PORT": str(listener.getsockname()[1])}),
            pytest.raises(MailUnavailable),
        ):
            mail.send("a@example.org", "s", "t")
        thread.join(5)


def test_nobody_listening_is_unavailable(thirdparty: ThirdParties) -> None:
    with (
        entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}),
        pytest.raises(MailUnavailable),
    ):
        mail.send("a@example.org", "s", "t")


def test_the_right_password_is_taken_and_a_wrong_one_blamed_on_the_configuration(tmp_path: Path) -> None:
    running = ThirdParties(tmp_path)
    running.configured(smtp_user="heidi", smtp_password="s3cret", thirdparty_parts=("mail",))
    running.start()
    try:
        with entered(running.environment()):
            mail.send("a@example.org", "s", "t")
        with entered({**running.environment(), "SMTP_PASSWORD": "wrong"}), pytest.raises(MailUnavailable):
            mail.send("a@example.org", "s", "t")
    finally:
        running.stop()


def test_an_encrypted_connection_is_used_where_it_is_offered_and_its_certificate_checked(
    tmp_path: Path,
) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    running = ThirdParties(tmp_path / "data")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    running.configured(thirdparty_parts=("mail",))
    running.smtp_tls = context
    running.start()
    try:
        trusting = {**running.environment(), "SSL_CERT_FILE": str(certificate), "SMTP_HOST": "localhost"}
        mail._tls.cache_clear()
        with entered(trusting):
            mail.send("a@example.org", "s", "t")
        with entered({**trusting, "SMTP_HOST": "127.0.0.1"}), pytest.raises(MailUnavailable):  # not its name
            mail.send("a@example.org", "s", "t")
        mail._tls.cache_clear()
        with entered(running.environment()), pytest.raises(MailUnavailable):  # not a known authority
            mail.send("a@example.org", "s", "t")
        assert len(running.parts.inbox.find("mail")) == 1
    finally:
        mail._tls.cache_clear()
        running.stop()


def test_an_international_domain_goes_out_in_ascii(arrived: Arrived) -> None:
    name = uuid4().hex[:12]
    mail.send(f"{name}@straße.example", "s", "t")
    assert len(arrived(f"{name}@xn--strae-oqa.example")) == 1


def test_an_international_mailbox_is_reached_where_the_server_allows_it(arrived: Arrived) -> None:
    to = f"jörg-{uuid4().hex[:12]}@example.org"
    mail.send(to, "Grüße", "ä")
    (found,) = arrived(to)
    assert found["subject"] == "Grüße"


def test_a_composed_mail_says_who_sends_it() -> None:
    composed = mail.compose(
        "a@b.de", "s", "t", None, 'Kiel, "die" Stadt (Bürgerbüro) <noreply@kiel.de>', message_id="<1@kiel.de>"
    )
    parsed = message_from_bytes(composed.as_bytes(), policy=default)
    (sender,) = parsed["from"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Kiel, "die" Stadt (Bürgerbüro)', "noreply@kiel.de")
    assert parsed["message-id"] == "<1@kiel.de>"
