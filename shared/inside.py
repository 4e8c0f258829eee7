"""Questions that one function asks another: internal HTTP functions, called through the gateway as the platform itself."""
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings


def ask(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
    """What an internal function answers to a GET about a tenant, also one that is switched off.

    Empty for a 404, Unavailable when there is no good answer.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    question = Request(settings().gateway_url + path,  # noqa: S310 (our own gateway)
                       headers={"Authorization": f"Bearer {settings().broker_token.get_secret_value()}",
                                **({"X-Tenant-ID": str(tenant_id)} if tenant_id else {})})
    try:
        with urlopen(question, timeout=timeout) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except HTTPError as error:
        if error.code == 404:
            return b""
        raise Unavailable(dependency=path.partition("?")[0]) from error
    except (URLError, OSError) as error:
        raise Unavailable(dependency=path.partition("?")[0]) from error
