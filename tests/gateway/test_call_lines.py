"""What the gateway says of calls that reach no function, and whom its lines reach."""

import json
import logging
from uuid import uuid4

from shared.telemetry.logs import say
from tests.gateway.support import Running
from tests.outlet import said
from tests.support import City


def test_an_address_that_does_not_exist_is_a_line_without_ids_and_addresses_of_people(
    gateway: Running,
) -> None:
    with said() as lines:
        got = gateway.get(
            f"/api/nothing/{uuid4()}/eva@example.org",
            params={"q": "Secret"},
            headers={"X-Correlation-ID": "c-7"},
        )
    assert got.status_code == 404
    [line] = lines.calls
    assert (
        line["level"],
        line["service"],
        line["correlationId"],
        line["message"],
        line["context"]["code"],
    ) == ("INFO", "gateway", "c-7", "GET /api/nothing/{id}/[hidden] 404", "NO_SUCH_ROUTE")
    assert "Secret" not in "".join(lines.texts)


def test_probes_and_scrapes_leave_no_line(gateway: Running) -> None:
    with said() as lines:
        for path in ("/health/live", "/health/ready", "/healthz", "/metrics"):
            assert gateway.get(path).status_code == 200
    assert lines.texts == []


def test_a_call_is_in_the_functions_own_log_too(gateway: Running, city: City) -> None:
    with said():
        gateway.get("/api/tiles", headers={"X-Tenant-ID": city.tenant.slug})
        say(logging.INFO, "heidi.calls", "of nobody", {})
    texts = [
        json.loads(line)["text"]
        for line in gateway.system("GET", "logs", params={"name": "list-tiles"}).text.splitlines()
    ]
    assert json.loads(texts[0])["message"] == "GET /api/tiles 200"
    assert len(texts) == 2  # ours, and the one that of-watchdog writes
