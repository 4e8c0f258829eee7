"""HTTP to push services: one client per process, and a second try when the first met a connection that had
died.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.adapters import http_client
from shared.adapters.push.message import PushUnavailable

if TYPE_CHECKING:
    import httpx


def post(
    url: str, content: bytes | None, headers: Mapping[str, str], *, http2_only: bool = False
) -> "httpx.Response":
    """The response, whatever its status; PushUnavailable when there is none.

    A kept connection may have been closed by the other side, which shows only when it is used. The second try
    can deliver a message twice; its collapse id makes the device show it once.
    """
    import httpx

    client = kept_client(http2_only=http2_only)
    try:
        with http_client.within(http_client.WHOLE):
            try:
                return client.post(url, content=content, headers=headers)
            # hpack, between threads
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, RuntimeError):
                return client.post(url, content=content, headers=headers)
    except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
        raise PushUnavailable(f"{type(error).__name__}: {error}"[:200]) from None


@lru_cache(maxsize=2)
def kept_client(*, http2_only: bool) -> "httpx.Client":
    """Without http2_only, TLS negotiates the version and plain HTTP is 1.1; with it, plain HTTP is 2 from the
    start.
    """
    import httpx

    made: httpx.Client = http_client.client(httpx, trusted=True, http1=not http2_only, http2=True)
    return made
