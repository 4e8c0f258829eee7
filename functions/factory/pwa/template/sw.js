// Keeps the app itself for offline use, and the last answers of its API. The version is the hash of the files.
const NAME = $cache;
const SHELL = NAME + $version;
const DATA = NAME + "data";
const API = new URL($api + "/api/", self.location.href).href;
const FILES = $files;
const KEPT = 150;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== SHELL && name !== DATA).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "update") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  if (request.url.startsWith(API)) event.respondWith(fresh(request));
  else if (request.mode === "navigate") event.respondWith(kept("./", request));
  else if (new URL(request.url).origin === self.location.origin) event.respondWith(kept(request, request));
});

// A message from the city (the JSON of shared/adapters/push/webpush.py): shown once however often it comes.
self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {} // a message that we cannot read is shown all the same: browsers end subscriptions that stay silent
  event.waitUntil(self.registration.showNotification(said.title || $name, {
    body: said.body || "",
    tag: said.id,
    dir: "auto",
    icon: "icons/icon-192.png",
    badge: "icons/favicon.png",
    data: { link: ours(said.data?.link) },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link || "./"));
});

// Only addresses of the app itself or of its city; whatever else a message says is not opened.
function ours(link) {
  if (!link) return null;
  try {
    const { origin, href } = new URL(link, self.location.href);
    return origin === self.location.origin || origin === new URL(API).origin ? href : null;
  } catch {
    return null;
  }
}

async function open(link) {
  const url = new URL(link, self.location.href);
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((each) => each.url === url.href) || (url.href === new URL("./", self.location.href).href && windows[0]);
  return shown ? shown.focus() : clients.openWindow(url.href);
}

async function kept(key, request) {
  const cache = await caches.open(SHELL);
  return (await cache.match(key, { ignoreSearch: true })) || fetch(request);
}

async function fresh(request) {
  const cache = await caches.open(DATA);
  try {
    const response = await fetch(request);
    if (response.ok && !/no-store|private/.test(response.headers.get("Cache-Control") || "")) {
      await cache.put(request, response.clone());
      await trim(cache);
    }
    return response;
  } catch (problem) {
    const old = await cache.match(request, { ignoreVary: true });
    if (!old) throw problem;
    if (old.type === "opaque") return old;
    const headers = new Headers(old.headers);
    headers.set("X-Heidi-Kept", "1");
    return new Response(await old.arrayBuffer(), { status: old.status, headers });
  }
}

async function trim(cache) {
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - KEPT)).map((key) => cache.delete(key)));
}
