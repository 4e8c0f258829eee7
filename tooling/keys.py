"""Values for JWT_KEYS: JWKS documents on one line; and for VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY."""

import hashlib
import json
from typing import Any

from shared.kit.jwks import ALGORITHMS, PUBLIC, Key, KeysWrong, base64url, parse
from tooling.command_failed import CommandFailed

RSA_BITS = 3072


def with_new(alg: str, present: str = "", *, last: bool = False) -> str:
    """The present keys with a new one, in front where it is not to come last."""
    keys = [key.jwk for key in known(present)] if present.strip() else []
    made = new(alg)
    return document([*keys, made] if last else [made, *keys])


def public(present: str) -> str:
    """The public parts of the present keys."""
    return document([key.public for key in known(present) if key.public])


def known(present: str) -> tuple[Key, ...]:
    """The keys of a document; a CommandFailed if it is none."""
    try:
        return parse(present)
    except KeysWrong as wrong:
        raise CommandFailed(f"These are no keys for JWT_KEYS: {wrong}.") from None


def new(alg: str) -> dict[str, Any]:
    """A key pair as a JWK; its kid is its thumbprint (RFC 7638), so that no two keys share one."""
    jwk = made(alg)
    required = {"kty": jwk["kty"], **{name: jwk[name] for name in PUBLIC[jwk["kty"]]}}
    canonical = json.dumps(dict(sorted(required.items())), separators=(",", ":")).encode()
    parts = {name: value for name, value in jwk.items() if name not in {"key_ops", "alg", "use"}}
    return {
        "kid": base64url(hashlib.sha256(canonical).digest()),
        "alg": ALGORITHMS[jwk["kty"]],
        "use": "sig",
        **parts,
    }


def made(alg: str) -> dict[str, Any]:
    """A new private key as PyJWT writes it."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

    if alg == "EdDSA":
        return OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    return RSAAlgorithm.to_jwk(
        rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS), as_dict=True
    )


def document(keys: list[dict[str, Any]]) -> str:
    """A JWKS document on one line, as an environment variable holds it."""
    return json.dumps({"keys": keys}, separators=(",", ":"))


def vapid() -> dict[str, str]:
    """A key pair for Web Push (RFC 8292): the private number and the public point, in base64url."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from shared.adapters.push.webpush import public_of

    private = ec.generate_private_key(ec.SECP256R1())
    number = private.private_numbers().private_value.to_bytes(32, "big")
    return {"VAPID_PRIVATE_KEY": base64url(number), "VAPID_PUBLIC_KEY": public_of(private)}


def vapid_public(private: str) -> str:
    """The public part of a VAPID_PRIVATE_KEY."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from shared.adapters.push.subscription import decoded
    from shared.adapters.push.webpush import public_of

    return public_of(ec.derive_private_key(int.from_bytes(decoded(private), "big"), ec.SECP256R1()))
