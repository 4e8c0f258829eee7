"""`python -m broker`: run the broker and the scheduler until told to stop."""

import asyncio
import gc
import signal
import sys

from broker import logs
from broker.broker import Broker
from broker.settings import BrokerSettings, broker_settings
from broker.triggers import Tick, Trigger, load
from shared.kit.settings import SettingsError
from shared.sandbox import walls


async def run(settings: BrokerSettings, triggers: list[Trigger], ticks: list[Tick]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Broker(settings, triggers).serve(ticks, stop)


def main() -> int:
    """Start; 1 with a sentence on stderr when that is not possible."""
    walls.unreadable()
    try:
        settings = broker_settings()
        logs.start(settings.log_level)
        triggers, ticks = load(settings.broker_triggers)
        gc.freeze()
        # hardly any cycles are made here; looking for them so often cost a tenth of the time
        gc.set_threshold(50_000)
        asyncio.run(run(settings, triggers, ticks))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"The broker cannot listen on {settings.broker_port} (BROKER_PORT): {error.strerror}.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
