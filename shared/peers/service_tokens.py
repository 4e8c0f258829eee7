"""What one part of the platform shows to another, one token for each direction, and how it is recognised.

- BROKER_TOKEN: brokers, clocks and the internal gateway bring events and ticks with it.
  Functions know its SHA-256 and no more (BROKER_TOKEN_HASHES), so that none can bring an event to another.
- PUBLISH_TOKEN: functions bring what they say to the broker.
- INTERNAL_TOKEN: functions ask each other with it; it opens internal GETs and nothing else.

Each may be several, comma-separated: the first is shown, all are accepted. Where there is only BROKER_TOKEN,
it is all three.
"""

import hashlib
import hmac
from functools import lru_cache

from shared.kit.settings import Settings, settings


def delivering() -> str:
    """What an event or a tick is brought with."""
    return first(settings().broker_token.get_secret_value())


def publishing() -> str:
    """What an event is given to the broker with."""
    return first(publishers(settings()))


def asking() -> str:
    """What one function shows when it asks another."""
    return first(internals(settings()))


def is_broker(shown: str) -> bool:
    """Whether who shows this may bring events: compared by hash, in constant time."""
    config = settings()
    hashes = config.broker_token_hashes or hashed(config.broker_token.get_secret_value())
    return is_token(hashlib.sha256(first(shown).encode(errors="replace")).hexdigest(), hashes)


def is_platform(shown: str) -> bool:
    """Whether who shows this is some part of the platform."""
    return is_token(shown, internals(settings())) or is_broker(shown)


def publishers(config: Settings) -> str:
    """What a broker takes events with."""
    return (config.publish_token or config.broker_token).get_secret_value()


def internals(config: Settings) -> str:
    """What functions ask each other with."""
    return (config.internal_token or config.broker_token).get_secret_value()


def first(tokens: str) -> str:
    """The one that is shown."""
    return tokens.partition(",")[0]


@lru_cache(8)
def hashed(tokens: str) -> str:
    """BROKER_TOKEN_HASHES of a BROKER_TOKEN; a token is random, one round of SHA-256 is enough."""
    return ",".join(hashlib.sha256(token.encode()).hexdigest() for token in tokens.split(",") if token)


def is_token(shown: str, accepted: str) -> bool:
    """Whether that is one of the tokens, compared in constant time.

    Of several the first is the one that is meant: a proxy that knows only the whole setting shows the whole
    setting.
    """
    presented = first(shown).encode(errors="replace")
    return any([token and hmac.compare_digest(presented, token.encode()) for token in accepted.split(",")])  # noqa: C419 (all)
