"""Questions that one function asks another: internal HTTP functions, called through the gateway as the platform itself."""

import hmac
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings
from shared.spans import question


def own_token() -> str:
    """What one part of the platform shows to another: the first of BROKER_TOKEN's."""
    return settings().broker_token.get_secret_value().partition(",")[0]


def is_token(shown: str, accepted: str) -> bool:
    """Whether that is one of the tokens, compared in constant time.

    Of several the first is the one that is meant: a proxy that knows only the whole setting shows the whole setting.
    """
    presented = shown.partition(",")[0].encode(errors="replace")
    return any([token and hmac.compare_digest(presented, token.encode()) for token in accepted.split(",")])  # noqa: C419 (all)


def ask(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
    """What an internal function answers to a GET about a tenant, also one that is switched off.

    Empty for a 404, Unavailable when there is no good answer.
    """
    gateway = settings().gateway_url
    with question(path, gateway) as headers:
        return answered(
            gateway + path, headers | ({"X-Tenant-ID": str(tenant_id)} if tenant_id else {}), timeout
        )


def answered(url: str, headers: dict[str, str], timeout: float) -> bytes:
    """As `ask`."""
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen

    asked = Request(url, headers=headers | {"Authorization": f"Bearer {own_token()}"})  # noqa: S310 (our own gateway)
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
