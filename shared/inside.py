"""Questions that one function asks another: internal HTTP functions, called through the gateway as the platform itself."""
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings
from shared.spans import question


def ask(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
    """What an internal function answers to a GET about a tenant, also one that is switched off.

    Empty for a 404, Unavailable when there is no good answer.
    """
    gateway = settings().gateway_url
    with question(path, gateway) as headers:
        return answered(gateway + path, headers | ({"X-Tenant-ID": str(tenant_id)} if tenant_id else {}), timeout)


def answered(url: str, headers: dict[str, str], timeout: float) -> bytes:
    """As `ask`."""
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen

    token = settings().broker_token.get_secret_value()
    asked = Request(url, headers=headers | {"Authorization": f"Bearer {token}"})  # noqa: S310 (our own gateway)
    try:
        with urlopen(asked, timeout=timeout) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except HTTPError as error:
        if error.code == 404:
            return b""
        raise Unavailable(dependency=urlsplit(url).path) from error
    except (URLError, OSError) as error:
        raise Unavailable(dependency=urlsplit(url).path) from error
