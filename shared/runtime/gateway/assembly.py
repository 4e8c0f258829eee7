"""Puts a server of many functions together: FUNCTION_TARGET is a folder of functions/, or `all`."""

import gc
import logging
import tempfile
from pathlib import Path

from shared.kit.settings import settings
from shared.peers import internal_calls
from shared.runtime import required_secrets
from shared.runtime.entry import ALL, NoSuchFunction
from shared.runtime.gateway import workers
from shared.runtime.gateway.counted import Counted
from shared.runtime.gateway.functions import Functions
from shared.runtime.gateway.gateway import Gateway
from shared.runtime.gateway.peers import Peers
from shared.runtime.gateway.routes import Routes
from shared.runtime.registry import RegistryError, records_of
from shared.runtime.server import Server, number
from shared.sandbox import walls
from shared.telemetry import metrics
from shared.telemetry.logs import home, start_logging

MODULE = "shared.runtime.server"


def assemble(target: str) -> Gateway:
    """The gateway to these functions; NoSuchFunction when there are none, or when they contradict
    each other.
    """
    try:
        known = records_of(target)
    except RegistryError as error:
        raise NoSuchFunction(str(error)) from None
    if not known:
        raise NoSuchFunction(f"there is no function in functions/{target.replace('.', '/')}")
    walls.unreadable()
    required_secrets.check()
    start_logging(settings().log_level)
    home["service"] = "gateway" if target == ALL else target
    if target != ALL:
        metrics.identity[:] = [(target.partition(".")[0], target, "http")]
    functions = Functions(known)
    gateway = Gateway(functions, Routes(known.values()), Counted(functions))
    internal_calls.here[:] = [internal_calls.in_process(gateway, gateway.holds)]
    return gateway


def serve(target: str, host: str, port: int) -> int:
    """Answer until told to stop, in WORKERS processes (1); OSError when the port is taken."""
    count = number("WORKERS", 1)
    if count > 1 and not workers.is_one_of_several():
        directory = Path(tempfile.mkdtemp(prefix="heidi-"))
        return workers.several(MODULE, count, host, port, directory)
    gateway = assemble(target)
    server = Server(
        gateway, host, port, number("WORKER_THREADS", 32), gateway.body_limit, workers.inherited()
    )
    meet(gateway)
    log = logging.getLogger("heidi.gateway")
    log.info(
        "listening", extra={"context": {"port": server.port, "functions": len(gateway.functions.records)}}
    )
    gc.freeze()
    gc.enable()
    server.run(gateway.close, workers.say_ready)
    return 0


def meet(gateway: Gateway) -> None:
    """Where there are other processes: count together with them."""
    if workers.is_one_of_several():
        peers = Peers(workers.directory(), {"numbers": gateway.counted.own})
        gateway.counted.peers = peers
        peers.start()
