"""Questions that one function asks another: internal HTTP functions, called through the gateway as the
platform itself.
"""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from shared.errors import Unavailable
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.peers import service_tokens
from shared.telemetry.spans import question


def ask(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
    """What an internal function answers to a GET about a tenant, also one that is switched off.

    Empty for a 404, Unavailable when there is no good answer.
    """
    gateway = settings().gateway_url
    with question(path, gateway) as headers:
        said = headers | ({"X-Tenant-ID": str(tenant_id)} if tenant_id else {})
        return here[0](path, said, timeout) if here else answered(gateway + path, said, timeout)


Answering = Callable[[str, dict[str, str], float], bytes]
here: list[Answering] = []  # how this process answers, where many functions live in it


def in_process(
    handle: Callable[[Request], Response], holds: Callable[[str, str], bool] = lambda *_: True
) -> Answering:
    """As `answered`, by whoever answers requests in this process: a question over HTTP would need another one
    of its threads. `holds` says which methods and paths those are; others are asked for over HTTP.
    """

    def ask_here(path: str, headers: dict[str, str], timeout: float) -> bytes:
        address, said = (
            urlsplit(path),
            headers | {"Host": "localhost", "Authorization": f"Bearer {service_tokens.asking()}"},
        )
        if not holds("GET", address.path):
            return answered(settings().gateway_url + path, headers, timeout)
        response = handle(
            Request(
                {"REQUEST_METHOD": "GET", "QUERY_STRING": address.query}
                | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in said.items()},
                address.path,
            )
        )
        if response.status == 404:
            return b""
        if response.status >= 300:
            raise Unavailable(dependency=address.path)
        return response.body if isinstance(response.body, bytes) else b"".join(response.body)

    return ask_here


def tell(path: str, body: bytes, headers: dict[str, str], *, timeout: float = 15) -> None:
    """Post something to an internal function, with the authorization that it wants; Unavailable when it does
    not take it.
    """
    gateway = settings().gateway_url
    with question(path, gateway) as traced:
        answered(gateway + path, traced | headers, timeout, body)


def answered(url: str, headers: dict[str, str], timeout: float, body: bytes | None = None) -> bytes:
    """As `ask`, or with a body as `tell`: then a 404 is no answer."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request as Asked
    from urllib.request import urlopen

    asked = Asked(url, body, {"Authorization": f"Bearer {service_tokens.asking()}"} | headers)  # noqa: S310 (our own gateway)
    try:
        with urlopen(asked, timeout=timeout) as answer:  # noqa: S310 (our own address, from the settings)
            read: bytes = answer.read()
            return read
    except HTTPError as error:
        if error.code == 404 and body is None:
            return b""
        raise Unavailable(dependency=urlsplit(url).path) from error
    except (URLError, OSError) as error:
        raise Unavailable(dependency=urlsplit(url).path) from error
