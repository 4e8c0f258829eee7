"""Encryption of a message for one browser (RFC 8291) as the content coding aes128gcm (RFC 8188), in one record.

Forty lines on `cryptography` instead of a library: docs/decisions says why.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

RECORD, LAST = 4096, b"\x02"
KEY_INFO, NONCE_INFO = b"Content-Encoding: aes128gcm\0", b"Content-Encoding: nonce\0"
LONGEST = RECORD - 86 - 17  # bytes of a message: what 4096 holds beside the header, the tag and the delimiter


def encrypt(
    content: bytes,
    p256dh: bytes,
    auth: bytes,
    key: "EllipticCurvePrivateKey | None" = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push; `key` and `salt` are random, and given only to see that the coding is right.

    ValueError for a message longer than LONGEST, or a public key that is no point of P-256.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if len(content) > LONGEST:
        raise ValueError(f"a push holds {LONGEST} bytes")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    key, salt = key or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(16)
    ours = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = derived(auth, key.exchange(ec.ECDH(), theirs), b"WebPush: info\0" + p256dh + ours, 32)
    sealed = AESGCM(derived(salt, shared, KEY_INFO, 16)).encrypt(
        derived(salt, shared, NONCE_INFO, 12), content + LAST, None
    )
    return salt + RECORD.to_bytes(4, "big") + len(ours).to_bytes(1, "big") + ours + sealed


def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, info).derive(secret)
