"""AWS Signature Version 4, the server's side: recompute what the client claims, in headers or in a presigned
URL.
"""

import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import strptime
from urllib.parse import quote, unquote

from tooling.thirdparty.object_store.errors import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
MAX_SKEW = 15 * 60
MAX_EXPIRES = 7 * 24 * 3600
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[^,\s]+), *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it came over the wire: path and query still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, Sequence[str]]

    def header(self, name: str) -> str:
        """A header's values joined as Signature V4 wants them; empty when it is absent."""
        return ",".join(" ".join(value.split()) for value in self.headers.get(name, ()))

    def pairs(self) -> list[tuple[str, str]]:
        """The query's decoded names and values, in order."""
        split = (part.partition("=") for part in self.query.split("&") if part)
        return [(unquote(name), unquote(value)) for name, _, value in split]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who says that they signed what, and when."""

    credential: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    payload_hash: str
    expires: int | None = None

    def scope(self) -> tuple[str, str]:
        """The access key and the credential scope, or AuthorizationHeaderMalformed."""
        key, _, scope = self.credential.partition("/")
        if not re.fullmatch(rf"{self.timestamp[:8]}/[a-z0-9-]+/s3/aws4_request", scope):
            raise S3Error(
                "AuthorizationHeaderMalformed",
                "The credential scope does not belong to this date and service.",
            )
        return key, scope

    def epoch(self) -> int:
        """The signing time in seconds."""
        try:
            return timegm(strptime(self.timestamp, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            raise S3Error("AccessDenied", "A valid X-Amz-Date is required.") from None


def verify(wire: Wire, access_key: str, secret_key: str, now: float) -> str:
    """Accept or refuse a request; returns the payload hash that the client signed (or UNSIGNED…)."""
    claim = claim_of(wire)
    key, scope = claim.scope()
    if not hmac.compare_digest(key.encode(), access_key.encode()):
        raise S3Error("InvalidAccessKeyId")
    check_time(claim, now)
    check_headers(wire, claim)
    text = "\n".join([ALGORITHM, claim.timestamp, scope, sha256(canonical_request(wire, claim))])
    expected = hmac.new(signing_key(secret_key, scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, claim.signature):
        raise S3Error("SignatureDoesNotMatch")
    return claim.payload_hash


def signing_key(secret_key: str, scope: str) -> bytes:
    """The key that is good for one day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def claim_of(wire: Wire) -> Claim:
    query = dict(wire.pairs())
    authorization = wire.header("authorization")
    if "X-Amz-Signature" in query or "X-Amz-Algorithm" in query:
        if authorization:
            raise S3Error("InvalidArgument", "Only one auth mechanism allowed.")
        return presigned_claim(query)
    match = AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise S3Error("AuthorizationHeaderMalformed" if authorization else "AccessDenied")
    return Claim(
        match["credential"],
        wire.header("x-amz-date"),
        tuple(match["headers"].split(";")),
        match["signature"],
        wire.header("x-amz-content-sha256") or UNSIGNED,
    )


def presigned_claim(query: Mapping[str, str]) -> Claim:
    try:
        expires = int(query["X-Amz-Expires"])
        claim = Claim(
            query["X-Amz-Credential"],
            query["X-Amz-Date"],
            tuple(query["X-Amz-SignedHeaders"].split(";")),
            query["X-Amz-Signature"],
            UNSIGNED,
            expires,
        )
    except (KeyError, ValueError):
        raise S3Error("AuthorizationQueryParametersError") from None
    if query.get("X-Amz-Algorithm") != ALGORITHM or not 0 < expires <= MAX_EXPIRES:
        raise S3Error("AuthorizationQueryParametersError")
    return claim


def check_time(claim: Claim, now: float) -> None:
    signed = claim.epoch()
    if claim.expires is None:
        if abs(now - signed) > MAX_SKEW:
            raise S3Error("RequestTimeTooSkewed")
    elif signed > now + MAX_SKEW:
        raise S3Error("AccessDenied", "Request is not valid yet")
    elif now >= signed + claim.expires:
        raise S3Error("AccessDenied", "Request has expired")


def check_headers(wire: Wire, claim: Claim) -> None:
    """A header that changes what a request does must be signed: else a link to upload could be turned into a
    copy.
    """
    unsigned = [
        name for name in wire.headers if name.startswith("x-amz-") and name not in claim.signed_headers
    ]
    if unsigned or "host" not in claim.signed_headers:
        raise S3Error("AccessDenied", "There were headers present in the request which were not signed")


def canonical_request(wire: Wire, claim: Claim) -> str:
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in wire.pairs()
        if name != "X-Amz-Signature"
    )
    return "\n".join(
        [
            wire.method,
            quote(unquote(wire.path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{wire.header(name)}" for name in claim.signed_headers),
            "",
            ";".join(claim.signed_headers),
            claim.payload_hash,
        ]
    )


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
