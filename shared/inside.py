"""Questions that one function asks another: internal HTTP functions, called through the gateway as the platform itself."""
import hmac
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings


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
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    question = Request(settings().gateway_url + path,  # noqa: S310 (our own gateway)
                       headers={"Authorization": f"Bearer {own_token()}",
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
