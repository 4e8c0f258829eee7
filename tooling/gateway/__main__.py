"""`python -m tooling.gateway`: serve all functions on GATEWAY_PORT until told to stop."""

import gc
import logging
import sys


def main() -> int:
    """Start; 1 with a sentence on stderr when that is not possible."""
    gc.disable()  # nothing that is loaded now is garbage later
    from shared.kit.settings import SettingsError
    from shared.runtime.gateway import workers
    from shared.sandbox import walls
    from tooling.command_failed import CommandFailed
    from tooling.gateway.assembly import assemble
    from tooling.gateway.settings import gateway_settings
    from tooling.registry import RegistryError

    walls.unreadable()
    try:
        settings = gateway_settings()
        if settings.gateway_workers > 1 and not workers.is_one_of_several():
            settings.password()  # made once, before several would make it
            return workers.several(
                "tooling.gateway",
                settings.gateway_workers,
                settings.gateway_host,
                settings.gateway_port,
                settings.directory / "workers",
            )
        server, gateway = assemble(settings)
    except (SettingsError, RegistryError, CommandFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"The gateway cannot listen on {settings.gateway_port} (GATEWAY_PORT): {error.strerror}.",
            file=sys.stderr,
        )
        return 1
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
    server.run(gateway.close, workers.say_ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
