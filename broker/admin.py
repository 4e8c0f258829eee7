"""What an operator sees and does: recent events, dead letters, replay."""

import re
from typing import Any

from broker import sql
from broker.dispatcher import Dispatcher
from broker.event import Event
from broker.store import Store
from broker.wire import write_json
from shared.db.pg import Row

MAX_ROWS = 500
NEWEST = 2**62
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class BadQuestion(ValueError):
    """What was asked for cannot be read; the message says why."""


class Admin:
    """Questions to the store, and replay."""

    def __init__(self, store: Store, dispatcher: Dispatcher, names: list[str]) -> None:
        self.store, self.dispatcher, self.names = store, dispatcher, names

    async def events(self, query: dict[str, str]) -> dict[str, Any]:
        """List the newest events with the state of each delivery."""
        rows = await self.store.book(sql.RECENT, type=text(query, "type"), **page(query))
        return {"events": [recent(row) for row in rows]}

    async def dead(self, query: dict[str, str]) -> dict[str, Any]:
        """List dead letters with their events, the newest first; data of more than 64 KiB is left out."""
        rows = await self.store.book(sql.LIST_DEAD, trigger=text(query, "trigger"), **page(query))
        return {"dead": [dead_letter(row) for row in rows]}

    async def replay(self, asked: object) -> dict[str, Any]:
        """Deliver dead letters again: `{"ids": [1, 2]}` or `{"ids": "all"}`."""
        ids = asked.get("ids") if isinstance(asked, dict) else None
        numbers = isinstance(ids, list) and all(type(each) is int and 0 < each < NEWEST for each in ids)
        if ids != "all" and not numbers:
            raise BadQuestion('ids must be "all" or a list of dead letters\' numbers')
        rows = await self.store.book(sql.REPLAY, ids=None if ids == "all" else ids, names=self.names)
        self.dispatcher.rewind([(trigger, seq) for trigger, seq in rows])
        return {"replayed": len(rows)}


def text(query: dict[str, str], name: str) -> str | None:
    found = query.get(name)
    if found is not None and not found.isprintable():
        raise BadQuestion(f"{name} holds control characters")
    return found


def page(query: dict[str, str]) -> dict[str, int]:
    found = {"limit": query.get("limit", "50"), "before": query.get("before", str(NEWEST))}
    for name, value in found.items():
        if not NUMBER.fullmatch(value) and value != str(NEWEST):
            raise BadQuestion(f"{name} must be a number")
    return {"limit": min(int(found["limit"]), MAX_ROWS), "before": int(found["before"])}


def recent(row: Row) -> dict[str, Any]:
    seq, received_at, source, event_id, event_type, attributes, size, deliveries = row
    event = write_json(Event(source, event_id, event_type, attributes, b""))
    return {
        "seq": seq,
        "received_at": received_at,
        "event": event,
        "size": size,
        "deliveries": deliveries or [],
    }


def dead_letter(row: Row) -> dict[str, Any]:
    number, trigger, code, reason, attempts, died_at, received_at, *event, size = row
    return {
        "id": number,
        "trigger": trigger,
        "code": code,
        "reason": reason,
        "attempts": attempts,
        "died_at": died_at,
        "received_at": received_at,
        "size": size,
        "event": write_json(Event(*event)),
    }
