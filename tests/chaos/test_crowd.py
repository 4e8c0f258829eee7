"""One city's work does not hold up another city's citizens."""

import random
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx

from tests.stack import RunningStack, eventually
from tooling.demo.stage import Stage
from tooling.seed.accounts import DEMO_PASSWORD

DOCUMENTS, POSTING, QUESTIONS = 48, 4, 40
WORDS = (
    "Antrag",
    "Ausweis",
    "Bescheid",
    "Bürgeramt",
    "Frist",
    "Gebühr",
    "Müllabfuhr",
    "Schwimmbad",
    "Termin",
    "Urkunde",
    "kostet",
)


def document(number: int) -> dict[str, object]:
    """A text of some 4,000 characters that no other document has."""
    chosen = random.Random(number)
    text = " ".join(" ".join(chosen.choices(WORDS, k=12)) + "." for _ in range(40))
    return {
        "title": f"Merkblatt {number}",
        "file": {
            "filename": f"{number}.txt",
            "contentType": "text/plain",
            "content": b64encode(text.encode()).decode(),
        },
    }


def logged_in(stack: RunningStack, city: str, role: str) -> httpx.Client:
    """Somebody of a city."""
    stage = Stage(say=print, gateway=stack.gateway, inbox=stack.inbox)
    with stage.http:
        token = stage.login(city, f"{role}@{city}.example", DEMO_PASSWORD).token
    return httpx.Client(
        base_url=stack.gateway, timeout=120, headers={"X-Tenant-ID": city, "Authorization": f"Bearer {token}"}
    )


def read_on(citizen: httpx.Client, over: Event) -> Counter[int]:
    """The statuses of somebody who reads and asks until it is over."""
    found: Counter[int] = Counter()
    while not over.wait(0.05):
        found[citizen.get("/api/listings").status_code] += 1
        if found.total() < QUESTIONS:  # nobody may ask more in a day
            found[
                citizen.post(
                    "/api/chatbot/query", json={"question": "Was kostet ein Personalausweis?"}
                ).status_code
            ] += 1
    return found


def test_a_city_that_hands_in_many_documents_has_nobody_elsewhere_refused(stack: RunningStack) -> None:
    over, admin, citizen = (
        Event(),
        logged_in(stack, "heidelberg", "city-admin"),
        logged_in(stack, "ladenburg", "citizen"),
    )
    with admin, citizen, ThreadPoolExecutor(POSTING + 3) as threads:
        reading = [threads.submit(read_on, citizen, over) for _ in range(3)]
        made = list(
            threads.map(
                lambda number: admin.post("/api/chatbot/documents", json=document(number)), range(DOCUMENTS)
            )
        )
        ids = [answer.json().get("documentId") for answer in made]
        try:
            eventually(
                lambda: (
                    {admin.get(f"/api/chatbot/documents/{each}").json()["state"] for each in ids} == {"ready"}
                ),
                "all documents",
                600,
            )
        finally:
            over.set()
    assert Counter(answer.status_code for answer in made) == {202: DOCUMENTS}
    seen = sum((each.result() for each in reading), Counter[int]())
    assert set(seen) == {200}, seen
    assert seen.total() > 20
