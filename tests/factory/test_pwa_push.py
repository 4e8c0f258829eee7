"""The app's service worker, in a browser: it shows what the city sends, once, and opens its addresses only."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import pytest

from tests.factory.pwa_support import bundle, config
from tests.factory.test_pwa_in_a_browser import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium to open the app in")
READY = "document.readyState == 'complete' && 'serviceWorker' in navigator"
SHOWN = """navigator.serviceWorker.ready.then((r) => new Promise((done) => {
 const look = async () => {
  const all = await r.getNotifications();
  if (all.length < COUNT) return setTimeout(look, 50);
  done(JSON.stringify(all.map((n) => ({title: n.title, body: n.body, tag: n.tag, link: n.data?.link ?? null}))));
 };
 look();
}))"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


class Devtools:
    """A page of a browser, by the protocol that its developer tools speak."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.count, self.session = socket, 0, ""
        self.registrations: list[dict[str, Any]] = []

    async def ask(self, method: str, **parameters: Any) -> Any:
        self.count += 1
        sent = {"id": self.count, "method": method, "params": parameters}
        await self.socket.send_json(sent | ({"sessionId": self.session} if self.session else {}))
        while True:
            got = await self.socket.receive_json(timeout=60)
            if got.get("method") == "ServiceWorker.workerRegistrationUpdated":
                self.registrations += got["params"]["registrations"]
            if got.get("id") == self.count:
                assert "error" not in got, got
                return got["result"]

    async def evaluate(self, script: str) -> Any:
        got = await self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """An app as it was built, served from this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    url = f"http://127.0.0.1:{server.server_port}"
    for path, content in bundle(config(base_url=url)).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    Thread(target=server.serve_forever, daemon=True).start()
    yield url
    server.shutdown()
    server.server_close()


async def told(origin: str, profile: Path, messages: list[str]) -> list[dict[str, Any]]:
    """What the browser shows after these messages."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
    ]
    browser = await asyncio.create_subprocess_exec(
        str(CHROMIUM), *flags, "about:blank", stderr=subprocess.PIPE
    )
    try:
        assert browser.stderr
        while not (line := (await browser.stderr.readline()).decode()).startswith("DevTools listening on "):
            assert line, "the browser did not start"
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(line.split()[-1], max_msg_size=0) as socket,
        ):
            tools = Devtools(socket)
            await tools.ask("Browser.grantPermissions", permissions=["notifications"], origin=origin)
            target = await tools.ask("Target.createTarget", url=f"{origin}/index.html")
            attached = await tools.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            tools.session = attached["sessionId"]
            await tools.ask("ServiceWorker.enable")
            while not await tools.evaluate(READY):
                pass  # it is still a blank page
            assert await tools.evaluate("navigator.serviceWorker.ready.then(r => r.active.scriptURL)")
            registration = tools.registrations[-1]["registrationId"]
            for data in messages:
                await tools.ask(
                    "ServiceWorker.deliverPushMessage", origin=origin, registrationId=registration, data=data
                )
            count = str(len({*messages}))
            shown: list[dict[str, Any]] = json.loads(await tools.evaluate(SHOWN.replace("COUNT", count)))
            return shown
    finally:
        browser.kill()
        await browser.wait()


def test_a_message_is_shown_once_and_leads_only_to_the_city(
    origin: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = {
        "id": "1",
        "title": "Hochwasser",
        "body": "Bleiben Sie zu Hause.",
        "data": {"link": f"{origin}/l/listing/7"},
    }
    strange = {"id": "2", "title": "Gewonnen", "body": "", "data": {"link": "https://evil.example/"}}
    script = {"id": "3", "title": "x", "body": "", "data": {"link": "javascript:alert(1)"}}
    silent = {"id": "4", "title": "Nur ein Wort", "body": "", "data": {}}
    messages = [*map(json.dumps, (said, said, strange, script, silent)), "not JSON"]
    shown = asyncio.run(told(origin, tmp_path_factory.mktemp("profile"), messages))
    by_tag = {one["tag"]: one for one in shown}
    assert len(shown) == 5
    assert by_tag["1"] == {
        "title": "Hochwasser",
        "body": said["body"],
        "tag": "1",
        "link": f"{origin}/l/listing/7",
    }
    assert [by_tag[tag]["link"] for tag in ("2", "3", "4", "")] == [None] * 4
    assert by_tag[""]["title"] == config(base_url=origin).app_name
