"""Say the key by which browsers let us send to them: `applicationServerKey` of `pushManager.subscribe()`.

A subscription belongs to the key that it was made with: where this one has changed, an app subscribes anew.
"""

from typing import Annotated

from pydantic import Field

from shared.errors import Problem
from shared.function import Context, http
from shared.schema import Schema


class WebPushOff(Problem):
    status = 404
    message = "Messages to browsers are not set up here."


class WebPushKey(Schema):
    """A public key (VAPID, RFC 8292 §3.2)."""

    public_key: Annotated[str, Field(description="base64url of an uncompressed point of P-256")]


@http.get("/api/notifications/webpush-key", public=True, raises=[WebPushOff])
def get_webpush_key(ctx: Context) -> WebPushKey:
    if not ctx.settings.vapid_public_key:
        raise WebPushOff
    return WebPushKey(public_key=ctx.settings.vapid_public_key)
