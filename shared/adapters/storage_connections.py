"""The object store's connections, which the call that uses them hangs up when its time is over
(shared/adapters/http_client.py: Whole).
"""

from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from shared.adapters.http_client import used


class Told:
    """Tells the call that is under way before it sends."""

    sock: Any

    def send(self, data: Any) -> Any:
        """Some bytes of a request, over a connection that may have to be made."""
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]  # botocore has no types
        used(self.sock)
        return super().send(data)  # type: ignore[misc]  # botocore has no types


class Plain(Told, AWSHTTPConnection):  # type: ignore[misc]  # botocore carries no types
    """http."""


class Secure(Told, AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
    """https."""


class PlainPool(AWSHTTPConnectionPool):  # type: ignore[misc]  # botocore has no types
    """Connections over http."""

    ConnectionCls = Plain


class SecurePool(AWSHTTPSConnectionPool):  # type: ignore[misc]  # botocore has no types
    """Connections over https."""

    ConnectionCls = Secure


def let_hang_up(client: Any) -> None:
    """Have this client use such connections."""
    session = client._endpoint.http_session  # noqa: SLF001 (no other way in)
    session._pool_classes_by_scheme.update(http=PlainPool, https=SecurePool)  # noqa: SLF001 (no other way in)
