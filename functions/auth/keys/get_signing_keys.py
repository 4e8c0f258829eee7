"""The public keys with which our access tokens can be checked, as a JWKS document (RFC 7517).

Empty where tokens are signed with a shared secret. May be kept for five minutes.
"""

import orjson

from shared.auth.keys import ring
from shared.function import Context, Response, http

SECONDS = 300


@http.get("/.well-known/jwks.json", public=True, tenantless=True)
def get_signing_keys(ctx: Context) -> Response:  # noqa: ARG001 (every handler is given it)
    keys = [public for key in ring() if (public := key.public)]
    return Response(
        200,
        orjson.dumps({"keys": keys}),
        "application/jwk-set+json",
        {"Cache-Control": f"public, max-age={SECONDS}"},
    )
