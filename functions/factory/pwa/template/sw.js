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
