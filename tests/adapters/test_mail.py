"""shared/adapters/mail.py against the local SMTP server, and what arrives in the inbox."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.adapters import circuit_breaker, mail
from shared.adapters.circuit_breaker import FAULTS
from shared.adapters.mail import MailRejected, MailUnavailable, MailUncertain
from shared.kit.settings import settings
from tests.adapters.capped import How, capped
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
        "a\ud800@b.de",
        "a@b\udfff.de",
        "Kiel\ud800 <a@b.de>",
    ],
)
def test_what_is_not_one_address_is_rejected(address: str, arrived: Arrived) -> None:
    for call in (
        lambda: mail.send(address, "s", "t"),
        lambda: mail.send("x@example.org", "s", "t", from_=address or "?"),
    ):
        with pytest.raises(MailRejected):
            call()
    # it is asked for before anybody looks at the address
    assert mail.message_id_for(1, address).endswith("@heidi-app.de>")


def test_half_a_letter_in_what_people_read_arrives_as_a_question_mark(to: str, arrived: Arrived) -> None:
    mail.send(to, "Gr\ud83d", "Text\ud83d", "<p>\udc00</p>", headers={"X-City": "\ud800"})
    (found,) = arrived(to)
    assert (found["subject"], found["text"].strip(), found["html"].strip(), found["headers"]["x-city"]) == (
        "Gr?",
        "Text?",
        "<p>?</p>",
        "?",
    )


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
        thread.join(120)


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
        mail.tls.cache_clear()
        with entered(trusting):
            mail.send("a@example.org", "s", "t")
        with entered({**trusting, "SMTP_HOST": "127.0.0.1"}), pytest.raises(MailUnavailable):  # not its name
            mail.send("a@example.org", "s", "t")
        mail.tls.cache_clear()
        with entered(running.environment()), pytest.raises(MailUnavailable):  # not a known authority
            mail.send("a@example.org", "s", "t")
        assert len(running.parts.inbox.find("mail")) == 1
    finally:
        mail.tls.cache_clear()
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
    parsed = message_from_bytes(composed.content, policy=default)
    (sender,) = parsed["from"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Kiel, "die" Stadt (Bürgerbüro)', "noreply@kiel.de")
    assert parsed["message-id"] == "<1@kiel.de>"


@contextmanager
def scripted(thirdparty: ThirdParties, *answers: bytes) -> Iterator[None]:
    """A mail server that gives these answers, one to each line that it gets, and then hangs up; as often as
    it is called.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as lines:
                    connection.sendall(b"220 here\r\n")
                    for answer in answers:
                        lines.readline()
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        with entered({**thirdparty.environment(), "SMTP_PORT": str(listener.getsockname()[1])}):
            yield
        listener.shutdown(socket.SHUT_RDWR)


def test_a_mail_whose_receipt_was_never_heard_of_is_uncertain(thirdparty: ThirdParties) -> None:
    with (
        scripted(thirdparty, b"250 hello\r\n", b"250 from\r\n", b"250 to\r\n", b"354 go\r\n", b""),
        pytest.raises(MailUncertain),
    ):
        mail.send("a@example.org", "s", "t")


def test_a_connection_that_was_lost_before_is_not_uncertain(thirdparty: ThirdParties) -> None:
    with scripted(thirdparty, b"250 hello\r\n", b"250 from\r\n"), pytest.raises(MailUnavailable) as error:
        mail.send("a@example.org", "s", "t")
    assert not isinstance(error.value, MailUncertain)


def test_a_mailbox_that_is_busy_is_not_held_against_the_server(to: str, arrived: Arrived) -> None:
    for _ in range(FAULTS + 1):
        with pytest.raises(MailUnavailable):
            mail.send("busy-me@example.org", "s", "t")
    mail.send(to, "s", "t")
    assert len(arrived(to)) == 1


def test_a_server_that_is_away_is_left_alone_after_five_times(to: str, thirdparty: ThirdParties) -> None:
    with entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}):
        for _ in range(FAULTS):
            with pytest.raises(MailUnavailable):
                mail.send(to, "s", "t")
        with socket.create_server(("127.0.0.1", settings().smtp_port)) as listener:
            listener.setblocking(False)
            with pytest.raises(MailUnavailable) as error:
                mail.send(to, "s", "t")
            assert error.value.details["wait"] > 0
            with pytest.raises(BlockingIOError):
                listener.accept()


def test_many_mails_go_in_one_conversation_and_one_that_is_refused_does_not_end_it(
    to: str, arrived: Arrived
) -> None:
    with mail.connected() as server:
        for address in (to, "reject-me@example.org", "busy-me@example.org", to):
            try:
                server.send(
                    mail.compose(
                        address,
                        "s",
                        ".\n..dots\n",
                        None,
                        "noreply@heidi-app.de",
                        message_id=f"<{uuid4()}@heidi-app.de>",
                    )
                )
            except (MailRejected, MailUnavailable):
                assert address != to
    assert [found["text"].rstrip() for found in arrived(to)] == [".\n..dots"] * 2


def ids(count: int) -> list[str]:
    return [f"<{number}@heidi-app.de>" for number in range(count)]


def sent_together(count: int, to: str = "a@example.org") -> None:
    with mail.connected() as server:
        for message_id in ids(count):
            server.send(mail.compose(to, "s", "t", None, "noreply@heidi-app.de", message_id=message_id))


@pytest.mark.parametrize("how", ["421", "closed"])
def test_a_server_that_takes_only_so_many_mails_in_a_session_gets_the_others_in_another(
    thirdparty: ThirdParties, how: How
) -> None:
    with capped(thirdparty, 5, how) as server:
        for _ in range(FAULTS + 1):
            sent_together(12)
        assert [len(session) for session in server.sessions] == [5, 5, 2] * (FAULTS + 1)
        assert server.taken == ids(12) * (FAULTS + 1)
    assert circuit_breaker.states() == {}


def test_a_mail_that_was_refused_is_work_that_a_server_did_in_its_session(thirdparty: ThirdParties) -> None:
    """Many end the session of somebody who names strangers: that is no reason to leave them alone."""
    with capped(thirdparty, 5, strangers=1), mail.connected() as server:
        for _ in range(3):
            with pytest.raises(MailRejected):
                server.send(mail.compose("reject-me@example.org", "s", "t", None, "noreply@heidi-app.de"))


@pytest.mark.parametrize("how", ["421", "closed"])
def test_a_server_that_takes_none_at_all_is_away(thirdparty: ThirdParties, how: How) -> None:
    with capped(thirdparty, 0, how) as server:
        for _ in range(FAULTS + 2):
            with pytest.raises(MailUnavailable):
                sent_together(2)
        assert server.sessions == [[]] * FAULTS
        assert circuit_breaker.states() == {"smtp": "open"}


def test_a_server_that_takes_none_in_another_session_is_away_too(thirdparty: ThirdParties) -> None:
    with capped(thirdparty, 5, after=0) as server:
        for _ in range(FAULTS + 2):
            with pytest.raises(MailUnavailable):
                sent_together(12)
        assert server.sessions == [ids(5), []] + [[]] * (FAULTS - 1)
        assert circuit_breaker.states() == {"smtp": "open"}


def test_a_server_that_says_nothing_any_more_is_not_asked_again(
    thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.5)
    with capped(thirdparty, 1, "silent") as server:
        with pytest.raises(MailUnavailable):
            sent_together(2)
        assert server.sessions == [ids(1)]


def test_no_session_has_more_mails_than_most_servers_take(thirdparty: ThirdParties) -> None:
    with capped(thirdparty, 1000) as server:
        sent_together(2 * mail.IN_A_SESSION + 1)
        assert [len(session) for session in server.sessions] == [mail.IN_A_SESSION, mail.IN_A_SESSION, 1]
        assert server.taken == ids(2 * mail.IN_A_SESSION + 1)
