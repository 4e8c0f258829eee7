"""What the gateway's probe says of what is outside."""

import pytest

from shared.adapters import circuit_breaker, redis
from shared.runtime import health
from tests.gateway.support import Running


def test_the_gateway_tells_which_outside_system_is_left_alone(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    circuit = circuit_breaker.Breaker("mail", "smtp.example")
    for _ in range(circuit_breaker.FAULTS):
        circuit.tell(circuit_breaker.Ended("fault"))
    got = gateway.get("/health/ready")
    assert (got.status_code, got.json()["status"], got.json()["checks"]["outside"]) == (
        200,
        "degraded",
        "mail: open",
    )
    redis.command("DEL", circuit.key, circuit_breaker.circuits())
