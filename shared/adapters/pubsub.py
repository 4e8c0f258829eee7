"""What is said over Redis while somebody listens (PUBLISH, SUBSCRIBE): one connection and one thread of a
process, however many follow.

Who is told nothing has no news: a message means only that there may be some. What was said while Redis was
away is lost, so everybody looks when it is back, and now and then while it is not.
"""

import logging
import threading
import time
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from shared.adapters import redis

QUIET = 5.0  # seconds without a word, after which Redis is asked whether it is there
LOST = 15.0  # seconds without an answer
AGAIN = 1.0  # seconds between two tries to reach it
log = logging.getLogger("heidi.pubsub")


class Follower:
    """Somebody who waits for news of one topic."""

    def __init__(self, subscriptions: "Subscriptions", topic: str) -> None:
        self.subscriptions, self.topic = subscriptions, topic
        self.is_heard = False  # Redis tells us
        self.news = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Whether to look: something was said, or Redis is away, and nobody could tell."""
        told = self.news.wait(seconds)
        self.news.clear()
        return told or not self.is_heard

    def close(self) -> None:
        """Follow no longer."""
        self.subscriptions.leave(self)


class Subscriptions:
    """All followers of a process."""

    def __init__(self) -> None:
        self.followers: dict[str, WeakSet[Follower]] = {}
        self.changing = threading.RLock()
        self.connection: Any = None
        self.listener: threading.Thread | None = None

    def follow(self, topic: str) -> Follower:
        """Follow it from now on: what is said after this is told. Where Redis does not answer in time, its
        follower looks by itself.
        """
        follower = Follower(self, topic)
        with self.changing:
            is_first = not self.followers.get(topic)
            others = self.followers.setdefault(topic, WeakSet())
            follower.is_heard = any(other.is_heard for other in others)
            others.add(follower)
            if self.listener is None:
                self.listener = threading.Thread(target=self.listen, name="pubsub", daemon=True)
                self.listener.start()
            elif is_first:
                self.send("SUBSCRIBE", topic)
        if not follower.is_heard:
            follower.news.wait(redis.SECONDS)
        follower.news.clear()
        return follower

    def leave(self, follower: Follower) -> None:
        """One fewer."""
        with self.changing:
            others = self.followers.get(follower.topic)
            if others is None:
                return
            others.discard(follower)
            if not others:
                del self.followers[follower.topic]
                self.send("UNSUBSCRIBE", follower.topic)

    def send(self, *words: str) -> None:
        """Say something to Redis where it is there; the listener notices when it is not."""
        if self.connection is not None:
            try:
                self.connection.send_command(*words, check_health=False)
            except Exception:  # noqa: BLE001 (the listener reads on the same connection, and says what is wrong)
                self.connection.disconnect()

    def listen(self) -> None:
        """Take in what is said, for as long as somebody follows."""
        while self.is_wanted():
            try:
                self.connect()
                self.take_in()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next connection may be better)
                self.lose(error)
                time.sleep(AGAIN)

    def is_wanted(self) -> bool:
        """Whether somebody follows; where nobody does, whoever comes next starts another thread."""
        with self.changing:
            if not self.followers:
                self.listener = None
            return bool(self.followers)

    def connect(self) -> None:
        """Say again what is followed."""
        made = redis.connections()
        connection = made.connection_class(**made.connection_kwargs)
        connection.connect()
        with self.changing:
            self.connection = connection
            for topic in self.followers:
                self.send("SUBSCRIBE", topic)

    def take_in(self) -> None:
        """Until the connection is lost."""
        heard = time.monotonic()
        while True:
            if not self.connection.can_read(timeout=QUIET):
                if time.monotonic() - heard > LOST:
                    raise TimeoutError
                with self.changing:
                    self.send("PING")
                continue
            said = self.connection.read_response(push_request=True)
            heard = time.monotonic()
            if isinstance(said, list) and said[0] in (b"message", b"subscribe"):
                self.tell(said[1].decode())

    def tell(self, topic: str) -> None:
        """Wake those who follow."""
        with self.changing:
            for follower in self.followers.get(topic, ()):
                follower.is_heard = True
                follower.news.set()

    def lose(self, error: Exception) -> None:
        """Nobody is told anything for now."""
        log.warning("nothing is heard over redis", extra={"context": {"error": type(error).__name__}})
        with self.changing:
            if self.connection is not None:
                self.connection.disconnect()
            self.connection = None
            for followers in self.followers.values():
                for follower in followers:
                    follower.is_heard = False


@lru_cache(1)
def subscriptions() -> Subscriptions:
    """Those of this process."""
    return Subscriptions()


def say(topic: str) -> None:
    """Tell all that follow it, in whichever process, that there is something new."""
    redis.command("PUBLISH", topic, b"")
