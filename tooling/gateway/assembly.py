"""Puts the gateway together."""

import logging
from collections.abc import Mapping

from shared.record import Record
from shared.server import Server
from shared.settings import settings as house
from shared.telemetry import start_logging
from tooling.gateway.cors import Cors
from tooling.gateway.functions import Functions
from tooling.gateway.gateway import Gateway
from tooling.gateway.later import Later
from tooling.gateway.logs import LogBook
from tooling.gateway.pages import Pages
from tooling.gateway.routes import Routes
from tooling.gateway.secretstore import SecretStore
from tooling.gateway.settings import GatewaySettings
from tooling.gateway.system import System
from tooling.registry import records


def assemble(settings: GatewaySettings, known: Mapping[str, Record] | None = None) -> tuple[Server, Gateway]:
    """A server that has its port, and the gateway behind it; OSError when the port is taken."""
    known = records() if known is None else known
    start_logging(house().log_level)
    logs = LogBook()
    logging.getLogger("heidi").addHandler(logs)
    functions = Functions(known, logs, settings.directory / "deployments.json")
    system = System(functions, logs, SecretStore(settings.heidi_home / "secrets"), settings.password())
    later = Later(settings.directory / "later", functions.call_later)
    pages = Pages(known, settings.inbox_port)
    gateway = Gateway(functions, Routes(known.values()), system, later, pages, Cors(settings.cors_origins))
    server = Server(gateway, settings.gateway_host, settings.gateway_port, settings.gateway_threads)
    later.start()
    return server, gateway
