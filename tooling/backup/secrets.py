"""The sealing keys in a backup: readable with the passphrase only (scrypt, RFC 7914; ChaCha20-Poly1305, RFC
8439).
"""

import json
import os
from base64 import b64decode, b64encode

from tooling.command_failed import CommandFailed

MEMBER = "secrets.json"
ABOUT = b"heidi backup secrets 1"
COST = {"n": 2**17, "r": 8, "p": 1}  # 128 MiB and some tenths of a second for every guess
SHORTEST = 12


def lock(secrets: dict[str, str], passphrase: str) -> bytes:
    """The secrets as a member of the archive."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(passphrase) < SHORTEST:
        raise CommandFailed(
            f"The passphrase needs at least {SHORTEST} letters: whoever has the file may guess for ever."
        )
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = ChaCha20Poly1305(key(passphrase, salt)).encrypt(nonce, json.dumps(secrets).encode(), ABOUT)
    return json.dumps(
        {
            name: b64encode(part).decode()
            for name, part in (("salt", salt), ("nonce", nonce), ("sealed", sealed))
        }
    ).encode()


def unlock(member: bytes, passphrase: str) -> dict[str, str]:
    """The secrets; a CommandFailed when the passphrase is another one."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    parts = {name: b64decode(part) for name, part in json.loads(member).items()}
    try:
        opened = ChaCha20Poly1305(key(passphrase, parts["salt"])).decrypt(
            parts["nonce"], parts["sealed"], ABOUT
        )
    except InvalidTag:
        raise CommandFailed("The passphrase does not open the secrets of this backup.") from None
    return {str(name): str(secret) for name, secret in json.loads(opened).items()}


def key(passphrase: str, salt: bytes) -> bytes:
    """256 bits from a passphrase."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, length=32, **COST).derive(passphrase.encode())
