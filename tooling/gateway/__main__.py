"""`python -m tooling.gateway`: serve all functions on GATEWAY_PORT until told to stop."""

import gc
import logging
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.kit.record import Record
    from tooling.gateway.local import LocalGateway
    from tooling.gateway.settings import GatewaySettings


def main() -> int:
    """Start; 1 with a sentence on stderr when that is not possible."""
    gc.disable()  # nothing that is loaded now is garbage later
    from shared.kit.settings import SettingsError
    from shared.runtime.gateway import workers
    from shared.sandbox import walls
    from tooling.command_failed import CommandFailed
    from tooling.gateway.settings import gateway_settings

    walls.unreadable()
    try:
        settings = gateway_settings()
        is_parent = not workers.is_one_of_several() and (settings.gateway_workers > 1 or is_local())
        return parent(settings) if is_parent else serve(settings)
    except (SettingsError, CommandFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"The gateway cannot listen on {settings.gateway_port} (GATEWAY_PORT): {error.strerror}.",
            file=sys.stderr,
        )
        return 1
    except Exception as error:
        if type(error).__name__ != "RegistryError":  # its module is nothing for a parent to import
            raise
        print(error, file=sys.stderr)
        return 1


def is_local() -> bool:
    """Whether this is a laptop, where code changes while it runs."""
    from shared.kit.settings import settings

    return settings().environment == "local"


def parent(settings: "GatewaySettings") -> int:
    """Keep workers; on a laptop, with the code as it is."""
    from shared.kit.settings import settings as house
    from shared.runtime.gateway import workers
    from shared.telemetry.logs import home, start_logging
    from tooling.gateway.reload import Reloading

    settings.password()  # made once, before several would make it
    start_logging(house().log_level)
    home["service"] = "gateway"
    return workers.several(
        "tooling.gateway",
        settings.gateway_workers,
        settings.gateway_host,
        settings.gateway_port,
        settings.directory / "workers",
        Reloading if is_local() else workers.Workers,
    )


def serve(settings: "GatewaySettings") -> int:
    """All functions, in this process."""
    from shared.runtime.gateway import workers
    from tooling.gateway import reload

    if workers.is_one_of_several():
        reload.end_with_parent()
    with reload.reason_told():
        from tooling.gateway.assembly import assemble

        server, gateway = assemble(settings)
    gc.freeze()
    gc.enable()
    logging.getLogger("heidi.gateway").info(
        "listening",
        extra={
            "context": {
                "url": f"http://{settings.gateway_host}:{server.port}",
                "functions": len(gateway.functions.records),
            }
        },
    )
    server.run(gateway.close, lambda: begun(gateway))
    return 0


def begun(gateway: "LocalGateway") -> None:
    """We answer; what nobody has called yet is imported meanwhile."""
    from shared.runtime.gateway import workers
    from tooling import faces

    workers.say_ready()
    if left := [record for record in gateway.functions.records.values() if isinstance(record, faces.Face)]:
        threading.Thread(target=faces.warm, args=(left, cannot), daemon=True, name="warm").start()


def cannot(record: "Record", error: Exception) -> None:
    """A function that cannot be imported: say so before somebody calls it."""
    logging.getLogger("heidi.gateway").error(
        "a function cannot be loaded", exc_info=error, extra={"context": {"function": record.name}}
    )


if __name__ == "__main__":
    sys.exit(main())
