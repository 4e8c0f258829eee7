"""What the gateway's probe says of what is outside."""

import pytest

from shared import breaker, cache, health
from tests.gateway.support import Running


def test_the_gateway_tells_which_outside_system_is_left_alone(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    circuit = breaker.Breaker("mail", "smtp.example")
    for _ in range(breaker.FAULTS):
        circuit.tell(breaker.Ended("fault"))
    got = gateway.get("/health/ready")
    assert (got.status_code, got.json()["status"], got.json()["checks"]["outside"]) == (
        200,
        "degraded",
        "mail: open",
    )
    cache.command("DEL", circuit.key, breaker.circuits())
