"""Puts a laptop's gateway together."""

import logging
from collections.abc import Mapping
from functools import partial

from shared.kit.record import Record
from shared.kit.settings import settings as house
from shared.peers import internal_calls
from shared.runtime import required_secrets
from shared.runtime.gateway import workers
from shared.runtime.gateway.counted import Counted
from shared.runtime.gateway.peers import Peers
from shared.runtime.gateway.routes import Routes
from shared.runtime.server import Server
from shared.telemetry.logs import home, start_logging
from tooling import faces
from tooling.gateway.async_queue import AsyncQueue
from tooling.gateway.deployments import Deployments
from tooling.gateway.local import LocalGateway
from tooling.gateway.logs import LogBook
from tooling.gateway.pages import Pages
from tooling.gateway.secretstore import SecretStore
from tooling.gateway.settings import GatewaySettings
from tooling.gateway.system import System
from tooling.registry import records


def assemble(
    settings: GatewaySettings, known: Mapping[str, Record] | None = None
) -> tuple[Server, LocalGateway]:
    """A server that has its port, and the gateway behind it; OSError when the port is taken."""
    if known is None:
        is_local = house().environment == "local"
        known = faces.known(settings.heidi_home) if is_local else records()
    required_secrets.check()
    start_logging(house().log_level)
    home["service"] = "gateway"
    logs = LogBook()
    logging.getLogger("heidi").addHandler(logs)
    functions = Deployments(known, logs, settings.directory / "deployments.json")
    counted, shared = Counted(functions), workers.inherited()
    system = System(
        functions, logs, SecretStore(settings.heidi_home / "secrets"), settings.password(), counted
    )
    hosts = tuple(filter(None, map(str.strip, settings.callback_private_hosts.split(","))))
    async_queue = AsyncQueue(settings.directory / "later", functions.call_later, hosts)
    pages = Pages(known, settings.inbox_port)
    gateway = LocalGateway(functions, Routes(known.values()), system, async_queue, pages)
    server = Server(
        gateway,
        settings.gateway_host,
        settings.gateway_port,
        settings.gateway_threads,
        gateway.body_limit,
        shared,
    )
    if shared:
        peers = Peers(
            workers.directory(),
            {"numbers": counted.own, "lines": logs.lines_for, "deployed": functions.read_again},
        )
        counted.peers, logs.others, functions.tell_others = peers, peers.ask, partial(peers.ask, "deployed")
        peers.start()
    internal_calls.here[:] = [internal_calls.in_process(gateway)]
    async_queue.start()
    return server, gateway
