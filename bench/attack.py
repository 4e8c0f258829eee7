"""The attacks of docs/security.md against the stack that is up here, and what holds: anyone can repeat them
in a minute or two.

    TRUST_FORWARDED_FOR=true ./heidi up -d   # addresses are made up here, as a proxy would tell them
    python -m bench.attack [name …]

Each starts in a minute of its own where limits are counted. Only ever against 127.0.0.1.
"""

import argparse
import io
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psutil

from bench.running import Caller, here, percentiles
from bench.stack import MIB
from tests.stack import RunningStack
from tooling.seed.accounts import DEMO_PASSWORD
from tooling.stack import records

CITY = "heidelberg"
ATTACKS: dict[str, Callable[[RunningStack], str]] = {}


def attack(tried: Callable[[RunningStack], str]) -> Callable[[RunningStack], str]:
    """One attack; its docstring says what is tried, its answer what came of it."""
    ATTACKS[tried.__name__.replace("_", "-")] = tried
    return tried


@contextmanager
def calling(stack: RunningStack, address: str, **headers: str) -> Iterator[httpx.Client]:
    """Somebody at an address of their own."""
    with httpx.Client(
        base_url=stack.gateway,
        timeout=180,
        headers={"X-Tenant-ID": CITY, "X-Forwarded-For": address, **headers},
        limits=httpx.Limits(max_connections=200),
    ) as client:
        yield client


def at_once(many: int, threads: int, ask: Callable[[int], int]) -> Counter[int]:
    """The statuses of so many calls, so many at once."""
    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(ask, range(many)))


def fresh_minute() -> None:
    """The beginning of the next minute, where more than two thirds of this one are gone."""
    if time.time() % 60 > 20:
        time.sleep(61 - time.time() % 60)


class Memory(threading.Thread):
    """The most that the gateway and its children take while it runs, in MiB."""

    def __init__(self, stack: RunningStack) -> None:
        super().__init__(daemon=True)
        [pid] = [record.pid for record in records.read(stack.home) if record.name == "gateway"]
        self.gateway, self.most, self.over = psutil.Process(pid), 0.0, threading.Event()

    def run(self) -> None:
        """Look every twentieth of a second."""
        while not self.over.wait(0.05):
            self.most = max(self.most, self.now())

    def now(self) -> float:
        """All of its processes together."""
        total = 0
        for process in (self.gateway, *self.gateway.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / MIB

    def stop(self) -> float:
        """The most."""
        self.over.set()
        self.join()
        return self.most


def probes(stack: RunningStack, seconds: float) -> tuple[list[float], int]:
    """How long a reader and a probe wait, one after the other; and how many were not answered."""
    took, failed, until = [], 0, time.monotonic() + seconds
    with calling(stack, "198.51.100.250") as reader:
        while time.monotonic() < until:
            for path in ("/healthz", "/api/categories"):
                began = time.monotonic()
                try:
                    failed += reader.get(path, timeout=10).status_code >= 500
                except httpx.HTTPError:
                    failed += 1
                took.append(time.monotonic() - began)
            time.sleep(0.5)
    return took, failed


def token(client: httpx.Client) -> str:
    """A guest's access token."""
    return str(
        client.post("/api/auth/guest", json={"deviceId": uuid4().hex, "platform": "android"}).json()[
            "accessToken"
        ]
    )


@attack
def pictures(stack: RunningStack) -> str:
    """Six PNGs of 7071 × 7071 pixels from a guest, at once."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGBA", (7071, 7071), (10, 20, 30, 255)).save(file, "PNG")
    with calling(stack, "198.51.100.1") as client:
        bearer = {"Authorization": f"Bearer {token(client)}"}
        memory = Memory(stack)
        before = memory.now()
        memory.start()
        statuses = at_once(
            6,
            6,
            lambda _: (
                client.post(
                    "/api/users/me/photo",
                    files={"photo": ("a.png", file.getvalue(), "image/png")},
                    headers=bearer,
                ).status_code
            ),
        )
    return f"{dict(statuses)}; memory {before:.0f} → at most {memory.stop():.0f} MiB"


def photo(width: int, height: int) -> bytes:
    """A PNG of coarse noise."""
    from PIL import Image

    file = io.BytesIO()
    coarse = Image.frombytes("RGB", (width // 4, height // 4), os.urandom(3 * (width // 4) * (height // 4)))
    coarse.resize((width, height), Image.Resampling.NEAREST).save(file, "PNG", compress_level=1)
    return file.getvalue()


@attack
def large_pictures(stack: RunningStack) -> str:
    """Two guests hand in PNGs of 15 megapixels as fast as they are answered; somebody of another city hands
    in six photos.
    """
    heavy, light = photo(5000, 3000), photo(64, 64)
    citizen = Caller(stack, "ladenburg", "citizen@ladenburg.example")
    over, flood = threading.Event(), Counter[int]()

    def hand_in(number: int) -> None:
        with calling(stack, f"198.51.100.{60 + number}") as client:
            bearer = {"Authorization": f"Bearer {token(client)}"}
            while not over.is_set():
                answer = client.post(
                    "/api/users/me/photo", files={"photo": ("a.png", heavy, "image/png")}, headers=bearer
                )
                flood[answer.status_code] += 1

    with ThreadPoolExecutor(4) as threads, calling(stack, "203.0.113.30", **citizen.headers) as other:
        for number in range(4):
            threads.submit(hand_in, number % 2)
        time.sleep(1)
        took, statuses = [], Counter[int]()
        for _ in range(6):
            began = time.monotonic()
            statuses[
                other.post("/api/users/me/photo", files={"photo": ("b.png", light, "image/png")}).status_code
            ] += 1
            took.append(time.monotonic() - began)
        over.set()
    return f"guests {dict(flood)}; the other city's photos {dict(statuses)}, {percentiles(took)}"


@attack
def large_bodies(stack: RunningStack) -> str:
    """Eighty connections of one address announce 20 MB, send one and say nothing more; others send a login
    and a document.
    """
    where = urlsplit(stack.gateway)
    head = (
        b"POST /api/chatbot/documents HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: heidelberg\r\nX-Forwarded-For: 198.51.100.70\r\n"
        b"Content-Type: application/json\r\nContent-Length: 20000000\r\n\r\n"
    )
    held = [socket.create_connection((where.hostname or "", where.port or 80)) for _ in range(80)]
    for connection in held:
        connection.settimeout(5)
        with suppress(OSError):
            connection.sendall(head + b" " * MIB)
    account = {"email": "city-admin@ladenburg.example", "password": DEMO_PASSWORD, "tenantId": "ladenburg"}
    with calling(stack, "203.0.113.31", **{"X-Tenant-ID": "ladenburg"}) as other:
        try:
            logins = [other.post("/api/auth/login", json=account, timeout=20) for _ in range(4)]
        except httpx.TimeoutException:
            return "no answer to a login within 20 s"
        bearer = {"Authorization": f"Bearer {logins[-1].json().get('accessToken')}"}
        document = other.post(
            "/api/chatbot/documents",
            files={"file": ("a.txt", b"Das Rathaus ist offen. " * 60_000, "text/plain")},
            headers=bearer,
        )
    for connection in held:
        connection.close()
    return f"logins {[each.status_code for each in logins]}, a document of 1.4 MB {document.status_code}"


@attack
def one_citys_builds(stack: RunningStack) -> str:
    """Forty builds of one city are asked for at once; another city's admin reads theirs."""
    fresh_minute()
    one, other = (
        Caller(stack, city, f"super-city-admin@{city}.example") for city in ("heidelberg", "ladenburg")
    )
    with ThreadPoolExecutor(1) as beside, calling(stack, "198.51.100.80", **one.headers) as client:
        flood = beside.submit(
            at_once, 40, 40, lambda _: client.post("/api/builds", json={"platform": "web"}).status_code
        )
        reading = Counter(other.attempt("GET", "/api/builds", other.headers, {})[0] for _ in range(30))
        return f"the one city {dict(flood.result())}; the other {dict(reading)}"


@attack
def logins(stack: RunningStack) -> str:
    """Forty log-ins of one address at once; somebody elsewhere logs in, and others read."""
    account = {"email": "editor@ladenburg.example", "password": DEMO_PASSWORD, "tenantId": "ladenburg"}
    at_ladenburg = {"X-Tenant-ID": "ladenburg"}
    with (
        ThreadPoolExecutor(2) as beside,
        calling(stack, "198.51.100.81", **at_ladenburg) as client,
        calling(stack, "203.0.113.32", **at_ladenburg) as other,
    ):
        flood = beside.submit(
            at_once,
            40,
            40,
            lambda n: client.post("/api/auth/login", json=account | {"email": f"{n}@a.de"}).status_code,
        )
        reading = beside.submit(probes, stack, 5)
        began = time.monotonic()
        status = other.post("/api/auth/login", json=account).status_code
        seconds, (took, failed) = time.monotonic() - began, reading.result()
        return (
            f"the one address {dict(flood.result())}; elsewhere {status} after {seconds:.1f} s; "
            f"{len(took)} readers meanwhile, {failed} unanswered, {percentiles(took)}"
        )


@attack
def half_sent_bodies(stack: RunningStack) -> str:
    """200 connections from as many addresses announce a body and send one byte of it."""
    where = urlsplit(stack.gateway)
    head = (
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.18.0.{}\r\nContent-Type: application/json\r\n"
        "Content-Length: 500\r\n\r\n{{"
    )
    held = [socket.create_connection((where.hostname or "", where.port or 80)) for _ in range(200)]
    for number, connection in enumerate(held):
        connection.sendall(head.format(number).encode())
    took, failed = probes(stack, 8)
    for connection in held:
        connection.close()
    return f"{len(took)} probes and readers meanwhile, {failed} unanswered, {percentiles(took)}"


@attack
def silent_connections(stack: RunningStack) -> str:
    """1,100 connections that say nothing."""
    where = urlsplit(stack.gateway)
    held = [socket.create_connection((where.hostname or "", where.port or 80)) for _ in range(1_100)]
    took, failed = probes(stack, 8)
    for connection in held:
        connection.close()
    return f"{len(took)} probes and readers meanwhile, {failed} unanswered, {percentiles(took)}"


@attack
def guests(stack: RunningStack) -> str:
    """Twelve guests of one address call a thousand times; then a city admin and a reader at another address."""
    fresh_minute()
    admin = Caller(stack, CITY, f"city-admin@{CITY}.example")
    with calling(stack, "198.51.100.2") as client, calling(stack, "203.0.113.9") as reader:
        bearers = [{"Authorization": f"Bearer {token(client)}"} for _ in range(12)]
        flood = at_once(1_000, 32, lambda n: client.get("/api/listings", headers=bearers[n % 12]).status_code)
        staff = admin.attempt("GET", "/api/listings/pending", admin.headers, {})[0]
        return (
            f"flood {dict(flood)}; admin {staff}, reader elsewhere {reader.get('/api/listings').status_code}"
        )


@attack
def exact_limits(stack: RunningStack) -> str:
    """120 calls of one citizen, 32 at once: the limit is 100 a minute."""
    fresh_minute()
    person = Caller(stack, "ladenburg", "citizen@ladenburg.example")
    with calling(stack, "198.51.100.3", **person.headers) as client:
        return str(dict(at_once(120, 32, lambda _: client.get("/api/categories").status_code)))


def heavy_pdf() -> bytes:
    """One page whose content is a stream that grows when it is read (PDF 32000-1 §7.4.3: a z stands for four
    bytes).
    """
    stream = b"z" * 18_000_000 + b"~>"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        b"<</Length %d/Filter/ASCII85Decode>>stream\n%s\nendstream" % (len(stream), stream),
    )
    file, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = len(file)
    file += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(file + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF" % table)


@attack
def a_document_of_twenty_megabytes(stack: RunningStack) -> str:
    """A PDF whose one stream, ASCII85 of 18 MB, grows when it is read."""
    admin = Caller(stack, CITY, f"city-admin@{CITY}.example")
    pdf = heavy_pdf()
    memory = Memory(stack)
    before = memory.now()
    memory.start()
    made = admin.call(
        "POST", "/api/chatbot/documents", uuid4().hex, files={"file": ("a.pdf", pdf, "application/pdf")}
    )
    found, until = {"state": ""}, time.monotonic() + 120
    while found["state"] not in {"ready", "failed"} and time.monotonic() < until:
        time.sleep(0.5)
        found = admin.call("GET", f"/api/chatbot/documents/{made['documentId']}")
    return f"{found['state']} ({found.get('problem')}); memory {before:.0f} → at most {memory.stop():.0f} MiB"


@attack
def invented_cities(stack: RunningStack) -> str:
    """130 calls at once name cities that do not exist, from three addresses, while somebody reads."""
    with calling(stack, "") as client:

        def ask(number: int) -> int:
            return client.get(
                "/api/listings",
                headers={"X-Tenant-ID": uuid4().hex, "X-Forwarded-For": f"198.51.100.{10 + number % 3}"},
            ).status_code

        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(probes, stack, 3)
            statuses = at_once(130, 130, ask)
            took, failed = reading.result()
    return f"{dict(statuses)}; {len(took)} readers meanwhile, {failed} unanswered, {percentiles(took)}"


@attack
def lock_out(stack: RunningStack) -> str:
    """Six addresses try five wrong passwords each; then the owner logs in where they have logged in before."""
    account = {"email": f"editor@{CITY}.example", "password": DEMO_PASSWORD, "tenantId": CITY}
    with calling(stack, "203.0.113.20") as owner:
        first = owner.post("/api/auth/login", json=account).status_code
        wrong: Counter[int] = Counter()
        for number in range(6):
            with calling(stack, f"198.51.100.{30 + number}") as stranger:
                wrong += Counter(
                    stranger.post(
                        "/api/auth/login", json=account | {"password": "falsch-" + uuid4().hex}
                    ).status_code
                    for _ in range(5)
                )
        return f"owner {first}, strangers {dict(wrong)}, owner again {owner.post('/api/auth/login', json=account).status_code}"


@attack
def callbacks(stack: RunningStack) -> str:
    """Calls for later without a login: with a callback into this machine, and twelve bodies of 9 MB."""
    with calling(stack, "198.51.100.40") as client:
        lead = client.post(
            "/async-function/list-tiles", headers={"X-Callback-Url": "http://127.0.0.1:9/"}
        ).status_code
        big = at_once(
            12, 12, lambda _: client.post("/async-function/list-tiles", content=bytes(9 * MIB)).status_code
        )
    return f"callback {lead}, bodies {dict(big)}"


def main() -> None:
    """The attacks named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(ATTACKS))
    names = parser.parse_args().names or list(ATTACKS)
    if unknown := set(names) - ATTACKS.keys():
        sys.exit(f"There is no attack {', '.join(unknown)}: {', '.join(ATTACKS)}")
    stack = here()
    print(
        f"python -m bench.attack {' '.join(names)}   ({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})"
    )
    for name in names:
        print(f"{name}: {ATTACKS[name].__doc__}\n    {ATTACKS[name](stack)}", flush=True)


if __name__ == "__main__":
    main()
