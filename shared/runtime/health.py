"""The health paths that every function answers (requirements §16.3), with the aliases of other platforms.

Live: the process answers. Started: nothing that it needs refuses its settings. Ready: what it needs answers,
too. A broker that is away makes it degraded, not unready, since events wait in the outbox
(docs/decisions/0026).
"""

import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

from shared.kit.http import LIVE, OK, Request, Response
from shared.kit.record import Record

STARTED = "/health/startup"
READY = frozenset({"/health/ready", STARTED, "/_/ready"})
FRESH = 1.0  # seconds that an answer is good for: probes, however many, ask once
PATIENCE = 2.0  # seconds until whoever does not answer is away; a probe of §16.3 waits five


class Trouble(NamedTuple):
    """What is wrong with a dependency; refused is a setting that somebody must mend, and no weather."""

    text: str
    refused: bool = False


class Troubled(Exception):
    """A dependency answers, and not as it should."""


SILENT = Trouble("does not answer")


class Check:
    """One dependency, which is asked in a thread of its own, once at a time: who has said nothing for
    PATIENCE is away.

    Whoever comes while a question hangs starts no other, and waits for no longer than is left of its
    patience.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask
        self.lock = threading.Lock()
        self.ended: threading.Event | None = None
        self.began = self.answered = float("-inf")
        self.found: Trouble | None = None

    def begin(self) -> Callable[[], Trouble | None]:
        """Ask, unless that is under way or was answered just now; what gives the answer."""
        with self.lock:
            if self.ended is None and time.monotonic() - self.answered < FRESH:
                found = self.found
                return lambda: found
            if self.ended is None:
                ended, self.began = threading.Event(), time.monotonic()
                threading.Thread(target=self.work, args=(ended,), name="health", daemon=True).start()
                self.ended = ended
            return partial(self.hear, self.ended, self.began + PATIENCE)

    def hear(self, ended: threading.Event, until: float) -> Trouble | None:
        """What is wrong; None when nothing is."""
        return self.found if ended.wait(max(0.0, until - time.monotonic())) else SILENT

    def work(self, ended: threading.Event) -> None:
        """Ask, and tell those who wait."""
        self.found = asked(self.ask)
        with self.lock:
            self.answered, self.ended = time.monotonic(), None
        ended.set()


def asked(ask: Callable[[], None]) -> Trouble | None:
    """What is wrong when somebody is asked."""
    from shared.errors import Busy, Misconfigured

    try:
        ask()
    except Busy:
        return None  # it is there, and has much to do: fewer instances would have more
    except Misconfigured as error:
        return Trouble(error.why, refused=True)
    except Troubled as error:
        return Trouble(str(error))
    except Exception:  # noqa: BLE001 (whatever it is, it did not answer)
        return SILENT
    return None


def answer(record: Record, request: Request) -> Response | None:
    """The answer when the request is a probe or a scrape, else None."""
    if request.path in LIVE:
        return Response(200, OK)
    if request.path in READY:
        return report(
            {"postgres": postgres(record.database), "redis": redis()},
            {"broker": broker()} if record.emits else {},
            starting=request.path == STARTED,
        )
    if request.path == "/metrics":
        from shared.telemetry.metrics import TEXT, exposition

        return Response(200, exposition(), TEXT)
    return None


def report(needed: Mapping[str, Check], wanted: Mapping[str, Check], *, starting: bool = False) -> Response:
    """503 naming what is needed and does not answer, or only what refuses us when starting; else 200, naming
    what is missed.
    """
    import orjson

    # all, before one is awaited
    questions = {name: check.begin() for name, check in (dict(needed) | dict(wanted)).items()}
    found = {name: hear() for name, hear in questions.items()}
    troubles = {name: trouble for name, trouble in found.items() if trouble}
    stops = [
        name for name, trouble in troubles.items() if name in needed and (trouble.refused or not starting)
    ]
    status = "unavailable" if stops else "degraded" if troubles else "ok"
    body = {"status": status, "checks": {name: trouble.text for name, trouble in troubles.items()}}
    return Response(503 if stops else 200, orjson.dumps(body))


@lru_cache(None)
def postgres(database: str) -> Check:
    """A database of ours."""

    def ask() -> None:
        from shared.db.pg import pool

        with pool(database).take() as connection:
            connection.batch([("SELECT 1", {})])

    return Check(ask)


@lru_cache(1)
def redis() -> Check:
    """Redis, by a connection of its own: a password that was changed is noticed, too."""

    def ask() -> None:
        from shared.adapters.redis import command, forget_connection

        try:
            command("PING")
        finally:
            forget_connection()

    return Check(ask)


@lru_cache(1)
def broker() -> Check:
    """Whoever takes our events: RabbitMQ's, Knative's or our own broker, by a connection to it."""

    def ask() -> None:
        import socket
        from urllib.parse import urlsplit

        from shared.kit.settings import settings

        url = urlsplit(settings().broker_url)
        where = url.hostname or "127.0.0.1", url.port or (443 if url.scheme == "https" else 80)
        socket.create_connection(where, timeout=PATIENCE).close()

    return Check(ask)
