"""The local third-party servers in a thread of the test process, with a clock that a test can turn."""

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tooling.keys import vapid
from tooling.stack.ports import free_port
from tooling.thirdparty.config import Config
from tooling.thirdparty.keys import make_apns_key, make_firebase_key
from tooling.thirdparty.parts import Parts

BUCKET = "heidi-test"
VAPID = vapid()
PORTS = ("object_store_port", "inbox_port", "push_port", "smtp_port")


class Clock:
    """The servers' time; `ahead` seconds before everybody else's."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        self.ahead += seconds
        try:
            yield
        finally:
            self.ahead -= seconds


class ThirdParties:
    """Starts and stops the servers; `url(name)` says where one of them is."""

    def __init__(self, directory: Path) -> None:
        ports: dict[str, Any] = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.clock = Clock()
        self.config = Config(
            thirdparty_dir=directory,
            s3_access_key="AKIATEST",
            s3_secret_key="a test's secret/+=",
            firebase_project_id="city-test",
            firebase_client_email="push@city-test.iam.gserviceaccount.com",
            firebase_private_key=make_firebase_key(),
            fcm_token_uri=f"http://127.0.0.1:{ports['push_port']}/token",
            apns_key=make_apns_key(),
            apns_key_id="KEY1234567",
            apns_team_id="TEAM123456",
            apns_topic="app.heidi.test",
            **ports,
        )
        self.loop = asyncio.new_event_loop()
        self.thread: threading.Thread | None = None
        self.smtp_tls: ssl.SSLContext | None = None

    def start(self) -> None:
        started, problems = threading.Event(), []

        async def serve() -> None:
            self.stopped = asyncio.Event()
            try:
                async with Parts(self.config, self.clock, self.smtp_tls) as self.parts:
                    started.set()
                    await self.stopped.wait()
            except BaseException as error:
                problems.append(error)
                started.set()
                raise

        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(serve(),), daemon=True)
        self.thread.start()
        assert started.wait(120), "the servers did not start"
        assert not problems, problems

    def stop(self) -> None:
        if self.thread:
            self.loop.call_soon_threadsafe(self.stopped.set)
            self.thread.join(120)
            self.thread = None
        self.loop.close()

    def configured(self, **changes: Any) -> None:
        """The same servers' configuration with another value (ports and directory stay)."""
        self.config = replace(self.config, **changes)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{getattr(self.config, f'{name}_port')}"

    def environment(self) -> dict[str, str]:
        """What the adapters, or `python -m tooling.thirdparty`, must find in the environment."""
        own = {
            name.upper(): str(value)
            for name, value in asdict(self.config).items()
            if value and not isinstance(value, tuple)
        }
        return own | {
            "ENVIRONMENT": "test",
            "S3_ENDPOINT": self.url("object_store"),
            "S3_BUCKET": BUCKET,
            "SMTP_HOST": "127.0.0.1",
            "EMAIL_FROM": "Kiel <noreply@heidi-app.de>",
            "FCM_ENDPOINT": self.url("push"),
            "APNS_ENDPOINT": self.url("push"),
            "WEBPUSH_PRIVATE_HOSTS": "127.0.0.1",
            **VAPID,
        }


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at this moment, and that no connection will be given meanwhile."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
