"""Key pairs for the local push services, in the formats that Google and Apple hand out."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def make_firebase_key() -> str:
    """A service account's private key: RSA, 2048 bits, PKCS #8 PEM."""
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def make_apns_key() -> str:
    """An APNs authentication key (a `.p8` file): P-256, PKCS #8 PEM."""
    return pem(ec.generate_private_key(ec.SECP256R1()))


def pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
