"""Calls that are answered later: kept in files until they are done, so that a crash repeats them rather than losing them."""

import io
import json
import logging
import queue
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request as Outgoing
from urllib.request import urlopen
from uuid import uuid4

from shared.http import Request, Response
from tooling.gateway.settings import private

WORKERS = 4
CALLBACK_TIMEOUT = 10.0
log = logging.getLogger("heidi.gateway")


class Later:
    """Accepts calls and makes them, a few at a time, oldest first."""

    def __init__(self, directory: Path, call: Callable[[str, Request], Response]) -> None:
        """Go on with what was accepted before a crash."""
        self.directory, self.call = directory, call
        self.waiting: queue.Queue[Path | None] = queue.Queue()
        self.workers = [
            threading.Thread(target=self.work, name=f"later-{n}", daemon=True) for n in range(WORKERS)
        ]
        private(directory)
        for path in sorted(directory.glob("*.json")):
            self.waiting.put(path)

    def start(self) -> None:
        """Begin to call."""
        for worker in self.workers:
            worker.start()

    def accept(self, name: str, request: Request, body: bytes) -> None:
        """Keep a call on disk; it is made soon."""
        path = self.directory / f"{time.time_ns()}-{uuid4().hex}.json"
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(
            json.dumps(
                {
                    "name": name,
                    "path": request.path,
                    "environ": portable(request.environ),
                    "body": b64encode(body).decode(),
                }
            ),
            "utf-8",
        )
        draft.replace(path)
        self.waiting.put(path)

    def work(self) -> None:
        """Make call after call, until told to stop."""
        while path := self.waiting.get():
            try:
                self.make(path)
            except Exception:
                failed = path.rename(path.with_suffix(".failed"))
                log.exception(
                    "a call that was to be made later could not be made",
                    extra={"context": {"kept": failed.name}},
                )

    def make(self, path: Path) -> None:
        """One call and its callback; then the file is not needed any more."""
        kept = json.loads(path.read_text("utf-8"))
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
            )
        path.unlink(missing_ok=True)

    def close(self, patience: float = 5.0) -> None:
        """Finish what is under way; what waits is made after the next start."""
        while not self.waiting.empty():
            self.waiting.get()
        for _ in self.workers:
            self.waiting.put(None)
        for worker in self.workers:
            if worker.ident:
                worker.join(patience)


def portable(environ: dict[str, Any]) -> dict[str, str]:
    """The part of a WSGI environment that describes the request."""
    names = ("REQUEST_METHOD", "QUERY_STRING", "CONTENT_TYPE", "REMOTE_ADDR")
    return {
        key: value
        for key, value in environ.items()
        if isinstance(value, str) and (key in names or key.startswith("HTTP_"))
    }


def is_web(address: str) -> bool:
    """Whether we may post there at all."""
    try:
        return urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        return False


def call_back(address: str, response: Response, headers: dict[str, str]) -> None:
    """Post the answer to where the caller wants it; whoever is not there has missed it."""
    if not is_web(address):
        log.warning("a callback address is neither http nor https")
        return
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    try:
        with urlopen(
            Outgoing(address, body, headers | {"Content-Type": response.content_type}),
            timeout=CALLBACK_TIMEOUT,
        ):
            pass
    except (URLError, HTTPException, OSError, ValueError) as error:
        log.warning("a callback was not taken", extra={"context": {"error": str(error)}})
