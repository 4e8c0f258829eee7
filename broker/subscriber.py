"""The functions' side: one POST, and what came of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
import orjson

from broker.event import MAX_EVENT_BYTES, Event
from broker.outcome import MAX_REASON_BYTES, Judge, Outcome, Verdict, as_reason, judge, judge_tick
from broker.wire import BATCH, write_headers, write_json

CONNECT_WITHIN = 5.0
# shorter than any server's, so that a request rarely meets a connection that is just being closed
KEEP_ALIVE = 12.0


class Subscribers:
    """Posts events and ticks to functions through the gateway, over kept-alive connections."""

    def __init__(self, gateway_url: str, token: str, timeout: float, tick_timeout: float) -> None:
        self.url = f"{gateway_url.rstrip('/')}/function/"
        self.identity = {"Authorization": f"Bearer {token}"}
        self.timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_WITHIN)
        self.tick_timeout = aiohttp.ClientTimeout(total=tick_timeout, sock_connect=CONNECT_WITHIN)

    async def __aenter__(self) -> Self:
        """Open the connection pool; the number in flight is bounded by the dispatcher, not here."""
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.session.close()

    async def deliver(self, trigger: str, event: Event, *more: Event) -> Outcome:
        """Bring an event to a function; or several as one CloudEvents batch."""
        if more:
            body = orjson.dumps([write_json(each) for each in (event, *more)])
            return await self.post(trigger, {"Content-Type": BATCH}, body, self.timeout, judge)
        return await self.post(trigger, write_headers(event), event.data, self.timeout, judge)

    async def tick(self, name: str, scheduled: float) -> Outcome:
        """Tell a function that its time has come."""
        when = datetime.fromtimestamp(scheduled, UTC).isoformat().replace("+00:00", "Z")
        return await self.post(name, {"X-Heidi-Tick": when}, b"", self.tick_timeout, judge_tick)

    async def post(
        self,
        name: str,
        headers: Mapping[str, str],
        body: bytes,
        within: aiohttp.ClientTimeout,
        judge_by: Judge,
    ) -> Outcome:
        try:
            async with self.session.post(
                self.url + name,
                data=body or None,
                headers={**headers, **self.identity},
                timeout=within,
                allow_redirects=False,
            ) as answer:
                return judge_by(answer.status, answer.headers, await read_body(answer))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Outcome(Verdict.UNREACHABLE, 503, as_reason(str(error)))
        except TimeoutError:
            return Outcome(Verdict.AGAIN, 504, f"no answer within {within.total:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(Verdict.AGAIN, 502, as_reason(f"the connection broke: {error!r}"))


async def read_body(answer: aiohttp.ClientResponse) -> bytes:
    """Read no more of an answer than is of use."""
    if answer.status == 204 or answer.content_length == 0:
        return b""
    enough = MAX_EVENT_BYTES * 2 if answer.ok else MAX_REASON_BYTES
    read = bytearray()
    while len(read) <= enough and (part := await answer.content.read(enough)):
        read += part
    return bytes(read)
