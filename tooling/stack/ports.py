"""The local ports, and who has one that we want."""

import os
import secrets
import socket
from collections.abc import Iterable, Mapping

from tooling.command_failed import CommandFailed

DEFAULTS = {
    "GATEWAY_PORT": 8080,
    "BROKER_PORT": 8081,
    "OBJECT_STORE_PORT": 8082,
    "INBOX_PORT": 8083,
    "PUSH_PORT": 8084,
    "SMTP_PORT": 8025,
    "POSTGRES_PORT": 8432,
    "REDIS_PORT": 8379,
}
FIRST_PORT, EPHEMERAL = 10_000, 32_768


def port(variable: str, given: Mapping[str, str] = os.environ) -> int:
    """The variable's value or the default; a CommandFailed if it is no port."""
    text = given.get(variable) or str(DEFAULTS[variable])
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CommandFailed(f"{variable} is {text!r}: it must be a port, a number from 1 to 65535.")
    return int(text)


def free_port() -> int:
    """One that nobody has at this moment, of those that no system gives to outgoing connections meanwhile;
    for tests.
    """
    while not is_free(number := FIRST_PORT + secrets.randbelow(EPHEMERAL - FIRST_PORT)):
        pass
    return number


def is_free(number: int) -> bool:
    """Whether a server could listen there; SO_REUSEADDR as servers set it, so that closed connections don't
    count.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True


def require_free(variables: Iterable[str], given: Mapping[str, str] = os.environ) -> None:
    """A CommandFailed that names the first port that is taken, by whom, and the way out."""
    for variable in variables:
        if not is_free(number := port(variable, given)):
            from tooling.stack.system import listener

            raise CommandFailed(
                f"Port {number} is taken{listener(number)}. Stop that, or choose another: "
                f"{variable}={number + 1000 if number < 60000 else number - 1000} ./heidi up"
            )
