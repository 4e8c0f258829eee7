"""Calls that are answered later: kept in files until they are done, so that a crash repeats them rather than
losing them.

Several processes may look after the same files: whoever makes a call holds the lock of its file.
"""

import fcntl
import io
import json
import logging
import queue
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from shared.adapters import http_client
from shared.errors import Problem, RateLimited
from shared.kit.http import Request, Response
from shared.runtime.gateway.peers import private
from tooling.gateway.tally import Tally, add, has_room, share_of, whose

WORKERS = 4
LOOK_AGAIN = 30.0  # seconds until somebody looks for calls that another process left
FAILED_FOR = 7 * 86400  # seconds that a call which could not be made is kept for somebody to look at
T = TypeVar("T")
log = logging.getLogger("heidi.gateway")


class AsyncQueue:
    """Accepts calls and makes them, a few at a time, oldest first."""

    def __init__(
        self, directory: Path, call: Callable[[str, Request], Response], private_hosts: tuple[str, ...] = ()
    ) -> None:
        """Go on with what was accepted before a crash; callbacks go to public addresses, and to
        `private_hosts`.
        """
        self.directory, self.call, self.private_hosts = directory, call, private_hosts
        self.waiting: queue.Queue[Path | None] = queue.Queue()
        self.workers = [
            threading.Thread(target=self.work, name=f"later-{n}", daemon=True) for n in range(WORKERS)
        ]
        self.tally = Tally(directory)
        private(directory)
        self.look_again()

    def start(self) -> None:
        """Begin to call."""
        for worker in self.workers:
            worker.start()

    def look_again(self) -> None:
        """Take in what waits on disk, count it, and forget what failed long ago."""
        self.tally.count()
        for path in sorted(self.directory.glob("*.json")):
            self.waiting.put(path)
        for path in self.directory.glob("*.failed"):
            if time.time() - path.stat().st_mtime > FAILED_FOR:
                path.unlink(missing_ok=True)

    def accept(self, name: str, request: Request, body: bytes, address: str = "") -> None:
        """Keep a call on disk; it is made soon. RateLimited when too much waits already, of this address or
        of all.
        """
        kept = json.dumps(
            {
                "name": name,
                "path": request.path,
                "environ": portable(request.environ),
                "body": b64encode(body).decode(),
            }
        ).encode()
        share = share_of(address)
        with self.tally.open() as held:
            if not has_room(held, share, len(kept)):
                raise RateLimited(retryAfter=10)
            add(held, share, 1, len(kept))
            path = self.directory / f"{time.time_ns()}-{share}-{uuid4().hex}.json"
            draft = path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_bytes(kept)
            draft.replace(path)
        self.waiting.put(path)

    def work(self) -> None:
        """Make call after call, until told to stop."""
        while True:
            try:
                path = self.waiting.get(timeout=LOOK_AGAIN)
            except queue.Empty:
                self.look_again()
                continue
            if path is None:
                return
            with mine(path) as is_mine:
                if is_mine:
                    self.make(path)

    def make(self, path: Path) -> None:
        """One call; then the file is not needed any more, unless it could not be made."""
        try:
            self.make_call(json.loads(path.read_text("utf-8")))
            self.end(path, partial(path.unlink, missing_ok=True))
        except Exception:
            failed = self.end(path, partial(put_aside, path))
            log.exception(
                "a call that was to be made later could not be made", extra={"context": {"kept": failed.name}}
            )

    def end(self, path: Path, how: Callable[[], T]) -> T:
        """It waits no longer."""
        with self.tally.open() as held:
            add(held, whose(path), -1, -path.stat().st_size if path.exists() else 0)
            return how()

    def make_call(self, kept: dict[str, Any]) -> None:
        """The call and its callback."""
        body = b64decode(kept["body"])
        environ = kept["environ"] | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        request = Request(environ, kept["path"])
        started = time.perf_counter()
        response = self.call(kept["name"], request)
        if address := request.header("x-callback-url"):
            call_back(
                address,
                response,
                {
                    "X-Call-Id": request.header("x-call-id"),
                    "X-Function-Name": kept["name"],
                    "X-Function-Status": str(response.status),
                    "X-Duration-Seconds": f"{time.perf_counter() - started:.6f}",
                },
                self.private_hosts,
            )

    def close(self, patience: float = 5.0) -> None:
        """Finish what is under way; what waits is made after the next start, or by another process."""
        while not self.waiting.empty():
            self.waiting.get()
        for _ in self.workers:
            self.waiting.put(None)
        for worker in self.workers:
            if worker.ident:
                worker.join(patience)


@contextmanager
def mine(path: Path) -> Iterator[bool]:
    """Whether this call is still to be made, by us: nobody else makes it meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists()


def put_aside(path: Path) -> Path:
    """Keep a call that could not be made, without what its caller proved who they are with."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        kept["environ"].pop("HTTP_AUTHORIZATION", None)
        path.write_text(json.dumps(kept), "utf-8")
    except (ValueError, LookupError, TypeError, AttributeError):
        pass  # it is damaged: that is why
    return path.rename(path.with_suffix(".failed"))


def portable(environ: dict[str, Any]) -> dict[str, str]:
    """The part of a WSGI environment that describes the request."""
    names = ("REQUEST_METHOD", "QUERY_STRING", "CONTENT_TYPE", "REMOTE_ADDR")
    return {
        key: value
        for key, value in environ.items()
        if isinstance(value, str) and (key in names or key.startswith("HTTP_"))
    }


def call_back(
    address: str, response: Response, headers: dict[str, str], private_hosts: tuple[str, ...]
) -> None:
    """Post the answer to where the caller wants it, and nowhere else: no redirects. Whoever is not there has
    missed it.
    """
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    try:
        http_client.call(
            "POST",
            address,
            body=body,
            private_hosts=private_hosts,
            headers=headers | {"Content-Type": response.content_type},
        )
    except Problem as problem:
        log.warning("a callback was not taken", extra={"context": {"error": problem.text("en")}})
