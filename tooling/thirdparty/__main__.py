"""Run the local third-party servers until they are told to stop."""

import asyncio
import logging
import signal
import sys

from aiohttp.http_exceptions import HttpProcessingError

from tooling.thirdparty.config import MAIL, OBJECT_STORE, PUSH, Config, ConfigError
from tooling.thirdparty.parts import Parts


async def run(config: Config) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Parts(config):
        ports = {
            "inbox": config.inbox_port,
            OBJECT_STORE: config.object_store_port,
            PUSH: config.push_port,
            MAIL: config.smtp_port,
        }
        shown = [
            f"{name} {port}" for name, port in ports.items() if name in ("inbox", *config.thirdparty_parts)
        ]
        print(f"ready on {config.thirdparty_host}: {', '.join(shown)}", flush=True)
        await stop.wait()


def is_our_fault(record: logging.LogRecord) -> bool:
    """Keep what is broken in here; a client that does not speak HTTP is told so and not logged."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def main() -> int:
    """The exit status; problems in one sentence each."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.server").addFilter(is_our_fault)
    try:
        asyncio.run(run(Config.from_environment()))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
