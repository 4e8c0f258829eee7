"""What the brokers log, as lines like those of the functions."""

import json
import subprocess
import sys

import pytest

from broker.settings import BrokerSettings
from broker.triggers import Trigger
from tests.broker.support import APPROVED, saying, stage, story
from tests.outlet import said
from tooling.stack.home import ROOT

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SPEAK = "import logging; from broker import logs; logs.start('INFO'); logging.getLogger('{name}').warning('Gr\\u00fc\\u00dfe\\u2028')"


@story
async def test_a_dead_letter_is_an_error_of_the_chain_that_it_belongs_to(settings: BrokerSettings) -> None:
    with said() as lines:
        async with stage(settings, [Trigger("notify-author", APPROVED)]) as s:
            s.functions.answers["notify-author"] = saying(422, b"no such template")
            event = {
                "specversion": "1.0",
                "id": "e-1",
                "source": "/s",
                "type": APPROVED,
                "tenantid": "city-1",
                "actorid": "ada",
                "correlationid": "c-1",
                "traceparent": TRACE,
            }
            await s.post(json.dumps(event).encode(), {"Content-Type": "application/cloudevents+json"})
            await s.dead(1)
    [line] = [line for line in lines.of("heidi.broker") if line["level"] == "ERROR"]
    assert (
        line["message"],
        line["service"],
        line["function"],
        line["tenantId"],
        line["userId"],
        line["correlationId"],
        line["traceId"],
    ) == ("dead letter", "broker", "notify-author", "city-1", "ada", "c-1", TRACE.split("-")[1])
    assert line["context"] == {"event": APPROVED, "eventId": "e-1", "code": 422, "attempts": 1}


@pytest.mark.parametrize("name", ["heidi.broker", "heidi.rabbit", "aiohttp.server"])
def test_a_brokers_process_writes_json_whoever_speaks_in_it(name: str) -> None:
    wrote = subprocess.run(
        [sys.executable, "-c", SPEAK.format(name=name)], cwd=ROOT, check=True, capture_output=True
    ).stderr
    line = json.loads(wrote)
    assert (line["level"], line["service"], line["logger"], line["message"]) == (
        "WARN",
        "broker",
        name,
        "Grüße\u2028",
    )
    assert wrote.isascii()


@pytest.mark.parametrize("module", ["broker", "broker.rabbit"])
def test_both_brokers_begin_with_it(module: str) -> None:
    """A broker whose server is away says so in JSON: nothing listens at the port of its server."""
    with subprocess.Popen(
        [sys.executable, "-m", module], cwd=ROOT, stderr=subprocess.PIPE, text=True, env=nowhere()
    ) as started:
        assert started.stderr
        try:
            line = json.loads(started.stderr.readline())
        finally:
            started.kill()
    assert line.keys() >= {"timestamp", "level", "service", "message", "context"}
    assert line["service"] == "broker"


def nowhere() -> dict[str, str]:
    """An environment in which a broker starts and finds no server."""
    import os

    from tooling.stack.ports import free_port

    return {
        **os.environ,
        "LOG_LEVEL": "INFO",
        "POSTGRES_PORT": str(free_port()),
        "BROKER_PORT": str(free_port()),
        "RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:{free_port()}/",
        "PYTHONPATH": str(ROOT),
    }
