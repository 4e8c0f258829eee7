"""One attempt to deliver an event, as the broker would make it."""

from collections.abc import Mapping
from urllib.parse import quote

from functions.platform.dead_letters.dead_letter import FAILURE, MAX_ANSWER, Replay, address
from shared.cloudevents import KEEP
from shared.inside import own_token

SECONDS = 45.0


def deliver(function: str, attributes: Mapping[str, str], data: str) -> Replay:
    """How the function answered; its error is the answer, not ours."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    asked = Request(address(function), data.encode(), headers(attributes))  # noqa: S310 (our own gateway or broker)
    try:
        with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
            return Replay(delivered=True, status=answer.status, answer="")
    except HTTPError as error:
        return Replay(
            delivered=False, status=error.code, answer=error.read(MAX_ANSWER).decode(errors="replace")
        )
    except (URLError, OSError) as error:
        return Replay(delivered=False, status=None, answer=f"no answer: {type(error).__name__}")


def headers(attributes: Mapping[str, str]) -> dict[str, str]:
    """The event in binary mode, without what was said of its failure."""
    said = {
        f"ce-{name}": quote(value, safe=KEEP) for name, value in attributes.items() if name not in FAILURE
    }
    return {"content-type": "application/json", "authorization": f"Bearer {own_token()}"} | said
