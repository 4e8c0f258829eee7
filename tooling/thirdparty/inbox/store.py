"""Mails and pushes on disk, one file each, named by the microsecond in which they came."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from tooling.thirdparty.clock import Clock

Kind = Literal["mail", "push"]
SUFFIX: Mapping[Kind, str] = {"mail": ".eml", "push": ".push.json"}
SUMMARY = b"X-Inbox-Summary: "
# the rest is read when somebody looks: a storm is thousands of mails
HEAD = BytesHeaderParser(policy=default)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the inbox. `to` are addresses or a device token; `reference` recognises what came twice."""

    id: str
    kind: Kind
    sender: str
    to: tuple[str, ...]
    subject: str
    reference: str
    duplicate: bool = False

    @property
    def received(self) -> datetime:
        """When it came."""
        return datetime.fromtimestamp(int(self.id, 16) / 1e6, UTC)

    def as_json(self) -> dict[str, Any]:
        """The entry in the JSON API."""
        return {
            "id": self.id,
            "kind": self.kind,
            "from": self.sender,
            "to": list(self.to),
            "subject": self.subject,
            "message_id": self.reference,
            "duplicate": self.duplicate,
            "received_at": self.received.isoformat(),
        }


class Inbox:
    """Everything that was sent, oldest first in memory, written before it is acknowledged."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.directory, self.clock = directory, clock
        directory.mkdir(parents=True, exist_ok=True)
        self.entries: dict[str, Entry] = {}
        self.references: set[tuple[Kind, str, tuple[str, ...]]] = set()
        self.last = 0
        for path in sorted(directory.iterdir()):
            kind = next((kind for kind, suffix in SUFFIX.items() if path.name.endswith(suffix)), None)
            if kind is None:
                path.unlink()  # half written when the server was killed; its sender was never told "accepted"
            else:
                self.remember(path.name.partition(".")[0], kind, path.read_bytes())

    def add_mail(self, content: bytes, sender: str, recipients: Sequence[str]) -> Entry:
        """Keep a mail for the recipients of its envelope, which is what SMTP delivers by; its headers may say
        anything.
        """
        message = HEAD.parsebytes(content.partition(b"\r\n\r\n")[0])
        summary = {
            "sender": header(message, "from") or sender,
            "to": list(recipients),
            "subject": header(message, "subject"),
            "reference": header(message, "message-id"),
        }
        return self.add("mail", SUMMARY + json.dumps(summary).encode() + b"\r\n" + content)

    def add_push(self, channel: str, token: str, reference: str, message: Mapping[str, Any]) -> Entry:
        """Keep a push as its service was given it; `message` holds title, body, data and the rest as
        `request`.
        """
        push = {"channel": channel, "token": token, "reference": reference, **message}
        return self.add("push", json.dumps(push, ensure_ascii=False).encode())

    def find(
        self, kind: Kind | None = None, to: str = "", since: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """Newest first."""
        found = (
            entry
            for entry in reversed(self.entries.values())
            if (kind is None or entry.kind == kind)
            and (not to or to.casefold() in (address.casefold() for address in entry.to))
            and (since is None or entry.received >= since)
        )
        return [entry for entry, _ in zip(found, range(limit), strict=False)]

    def mail(self, entry: Entry) -> tuple[EmailMessage, bytes]:
        """The parsed mail, and its bytes as they came."""
        content = self.path(entry.id, "mail").read_bytes().partition(b"\r\n")[2]
        return parse(content), content

    def preview(self, entry: Entry) -> str:
        """The first words of a mail, or of a push."""
        if entry.kind == "push":
            return str(self.push(entry).get("body", ""))
        return " ".join(text_part(self.mail(entry)[0], "plain").split())[:160]

    def push(self, entry: Entry) -> dict[str, Any]:
        """Everything that is known of a push."""
        push: dict[str, Any] = json.loads(self.path(entry.id, "push").read_bytes())
        return push

    def clear(self, kind: Kind) -> int:
        """Forget all mails, or all pushes; returns how many there were."""
        gone = [entry for entry in self.entries.values() if entry.kind == kind]
        for entry in gone:
            self.path(entry.id, kind).unlink(missing_ok=True)
            del self.entries[entry.id]
        self.references = {reference for reference in self.references if reference[0] != kind}
        return len(gone)

    def add(self, kind: Kind, content: bytes) -> Entry:
        self.last = max(self.last + 1, int(self.clock() * 1e6))
        name = f"{self.last:016x}"
        path = self.path(name, kind)
        draft = path.with_suffix(".tmp")
        draft.write_bytes(content)
        draft.replace(path)
        return self.remember(name, kind, content)

    def remember(self, name: str, kind: Kind, content: bytes) -> Entry:
        entry = mail_entry(name, content) if kind == "mail" else push_entry(name, content)
        reference = (kind, entry.reference, entry.to)
        if entry.reference and reference in self.references:
            entry = Entry(entry.id, kind, entry.sender, entry.to, entry.subject, entry.reference, True)
        self.references.add(reference)
        self.entries[name] = entry
        self.last = max(self.last, int(name, 16))
        return entry

    def path(self, name: str, kind: Kind) -> Path:
        return self.directory / f"{name}{SUFFIX[kind]}"


def text_part(message: EmailMessage, subtype: Literal["plain", "html"]) -> str:
    """The text or HTML version of a mail; empty when it has none."""
    part = message.get_body(preferencelist=(subtype,))
    if not isinstance(part, EmailMessage):
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError, MessageError):  # an unknown or a wrong charset
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def header(message: EmailMessage, name: str) -> str:
    """A header's text, however broken it is."""
    try:
        return str(message[name] or "")
    except Exception:  # noqa: BLE001 (the standard library's header parser fails in many ways on hostile input)
        return ""


def parse(content: bytes) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(content)
    return message if isinstance(message, EmailMessage) else EmailMessage()


def mail_entry(name: str, content: bytes) -> Entry:
    summary = json.loads(content.partition(b"\r\n")[0].removeprefix(SUMMARY))
    return Entry(
        name, "mail", summary["sender"], tuple(summary["to"]), summary["subject"], summary["reference"]
    )


def push_entry(name: str, content: bytes) -> Entry:
    push = json.loads(content)
    return Entry(name, "push", push["channel"], (push["token"],), push.get("title", ""), push["reference"])


def parse_since(text: str) -> datetime | None:
    """A point in time from ISO 8601 or seconds since 1970; ValueError when it is neither."""
    if not text:
        return None
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def attachments(message: EmailMessage) -> Iterable[dict[str, Any]]:
    """Names, types and sizes of what is attached."""
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        yield {
            "filename": part.get_filename() or "",
            "content_type": part.get_content_type(),
            "size": len(payload) if isinstance(payload, bytes) else 0,
        }
