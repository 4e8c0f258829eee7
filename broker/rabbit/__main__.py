"""`python -m broker.rabbit`: the broker over RabbitMQ (RABBITMQ_URL), until told to stop."""

import asyncio
import contextlib
import signal
import sys

from aiohttp import web

from broker import logs
from broker.rabbit.app import make_app
from broker.rabbit.broker import Broker
from broker.rabbit.settings import RabbitSettings, rabbit_settings
from broker.rabbit.topology import Queue, queues
from broker.subscriber import Subscribers
from broker.triggers import load
from shared.kit.settings import SettingsError
from shared.peers import service_tokens


async def run(settings: RabbitSettings, found: list[Queue]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    subscribers = Subscribers(
        settings.gateway_url,
        service_tokens.delivering(),
        settings.broker_timeout,
        settings.broker_tick_timeout,
    )
    async with subscribers as functions:
        broker = Broker(settings, found, functions)
        runner = web.AppRunner(make_app(broker, service_tokens.publishers(settings)), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, settings.broker_host, settings.broker_port).start()
        working = asyncio.create_task(broker.work())
        await stop.wait()
        await runner.cleanup()
        await broker.stop()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def main() -> int:
    """Start; 1 with a sentence on stderr when that is not possible."""
    try:
        settings = rabbit_settings()
        logs.start(settings.log_level)
        asyncio.run(run(settings, queues(load(settings.broker_triggers)[0])))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"The broker cannot listen on {settings.broker_port} (PORT): {error.strerror}.", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
