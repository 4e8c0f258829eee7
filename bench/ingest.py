"""Whether one city's documents hold up another city's citizens: many are posted at once while people ask and
read elsewhere.

    python -m bench.ingest [--documents 240] [--posting 4] [--reading 4]

On the stack that is up here, started with high rate limits (RATE_LIMIT_TENANT=10000000 and so on). Heidelberg
posts documents of some 4,000 characters, `posting` at a time; until the last of them is ready, Ladenburg's
citizens read listings and ask the chatbot. Prints what was answered other than 2xx, how long readers waited,
and when the last document was ready.
"""

import argparse
import os
import random
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable

from bench.running import Caller, here, percentiles
from tests.stack import RunningStack

WORDS = (
    "Antrag",
    "Ausweis",
    "Bescheid",
    "Bürgeramt",
    "Frist",
    "Gebühr",
    "Kindergarten",
    "Müllabfuhr",
    "Parkausweis",
    "Schwimmbad",
    "Sperrmüll",
    "Termin",
    "Unterlagen",
    "Urkunde",
    "Wohnsitz",
    "beantragen",
    "bezahlen",
    "innerhalb",
    "kostet",
    "verlängern",
)
QUESTIONS = ("Was kostet ein Personalausweis?", "Wann hat die Bücherei offen?", "Wie melde ich Sperrmüll an?")


def document(number: int) -> dict[str, object]:
    """A text that no other document has."""
    chosen = random.Random(number)
    sentences = (" ".join(chosen.choices(WORDS, k=12)) + "." for _ in range(40))
    text = b64encode(" ".join(sentences).encode()).decode()
    return {
        "title": f"Last {number} {time.time_ns()}",
        "file": {"filename": f"{number}.txt", "contentType": "text/plain", "content": text},
    }


class Readers:
    """Citizens of the other city, until they are told to stop."""

    def __init__(self, stack: RunningStack, count: int) -> None:
        self.stack, self.done = stack, threading.Event()
        self.took: dict[str, list[float]] = {"list": [], "ask": []}
        self.refused: Counter[str] = Counter()
        self.threads = [
            threading.Thread(target=self.read, args=(kind,)) for kind in list(self.took) * (count // 2)
        ]

    def read(self, kind: str) -> None:
        """One after the other, a tenth of a second apart."""
        citizen = Caller(self.stack, "ladenburg", "citizen@ladenburg.example")
        calls: dict[str, Callable[[], tuple[int, float, object]]] = {
            "list": lambda: citizen.attempt("GET", "/api/listings", citizen.headers, {}),
            "ask": lambda: citizen.attempt(
                "POST",
                "/api/chatbot/query",
                citizen.headers,
                {"json": {"question": random.choice(QUESTIONS)}},
            ),
        }
        while not self.done.is_set():
            began = time.monotonic()
            status = calls[kind]()[0]
            self.took[kind].append(time.monotonic() - began)
            if not 200 <= status < 300:
                self.refused[f"{kind} {status}"] += 1
            self.done.wait(0.1)


def post(admin: Caller, numbers: list[int], ids: list[str]) -> None:
    """Documents, one after the other."""
    while numbers:
        try:
            number = numbers.pop()
        except IndexError:
            return
        ids.append(
            admin.call("POST", "/api/chatbot/documents", f"{time.time_ns()}-{number}", json=document(number))[
                "documentId"
            ]
        )


def ready(admin: Caller, ids: list[str]) -> bool:
    """Whether all of them can be asked."""
    return all(admin.call("GET", f"/api/chatbot/documents/{one}")["state"] == "ready" for one in ids)


def run(documents: int, posting: int, reading: int) -> None:
    """Load, wait, print."""
    stack = here()
    admins = [Caller(stack, "heidelberg", "city-admin@heidelberg.example") for _ in range(posting)]
    readers, numbers = Readers(stack, reading), list(range(documents))
    ids: list[str] = []
    posters = [threading.Thread(target=post, args=(admin, numbers, ids)) for admin in admins]
    began = time.monotonic()
    for thread in (*readers.threads, *posters):
        thread.start()
    for thread in posters:
        thread.join()
    posted = time.monotonic() - began
    while not ready(admins[0], ids):
        time.sleep(0.5)
    all_ready = time.monotonic() - began
    readers.done.set()
    for thread in readers.threads:
        thread.join()
    print(
        f"python -m bench.ingest --documents {documents} --posting {posting} --reading {reading}   "
        f"({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})"
    )
    print(
        f"posted       {len(ids)} in {posted:.1f} s, all ready after {all_ready:.1f} s; "
        f"posts refused: {dict(sum((admin.refused for admin in admins), Counter())) or 'none'}"
    )
    for kind, took in readers.took.items():
        p95 = sorted(took)[int(len(took) * 0.95)] * 1000 if took else 0
        print(f"{kind:<12} {len(took)} answers, p95 {p95:.0f}, {percentiles(took)}")
    print(f"not 2xx      {dict(readers.refused) or 'nothing'}")


def main() -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("documents", 240), ("posting", 4), ("reading", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    run(given.documents, given.posting, given.reading)


if __name__ == "__main__":
    main()
