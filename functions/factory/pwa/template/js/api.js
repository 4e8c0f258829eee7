// The public API of the city. Answers that the service worker had kept are marked, so that the reader is told.
export class ApiProblem extends Error {
  constructor(kind, status = 0) {
    super(kind);
    this.kind = kind;
    this.status = status;
  }
}

const KINDS = { 404: "missing", 429: "tooMany" };

export function createApi(settings, language, onKept) {
  async function call(path, { params = {}, body, signal } = {}) {
    const url = new URL(settings.api + path);
    for (const [name, value] of Object.entries(params)) {
      if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
    }
    const headers = { Accept: "application/json", "Accept-Language": language(), "X-Tenant-ID": settings.tenantId };
    if (body) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(url, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal, credentials: "omit" });
    } catch (problem) {
      if (problem.name === "AbortError") throw problem;
      throw new ApiProblem("offline");
    }
    onKept(response.headers.has("X-Heidi-Kept"));
    if (!response.ok) throw new ApiProblem(KINDS[response.status] || "failed", response.status);
    try {
      return await response.json();
    } catch {
      throw new ApiProblem("failed", response.status);
    }
  }

  const page = (answer) => ({ items: Array.isArray(answer?.items) ? answer.items : [], nextCursor: answer?.nextCursor || null });
  let known = null; // the categories, by the language in which they were named
  return {
    listings: async (params, signal) => page(await call("/api/listings", { params: { limit: 20, ...params }, signal })),
    search: async (q, cursor, signal) => page(await call("/api/listings/search", { params: { q, cursor, limit: 20 }, signal })),
    nearby: async (at, radius, signal) => page(await call("/api/listings/nearby", { params: { lat: at.lat.toFixed(5), lon: at.lon.toFixed(5), radius, limit: 50 }, signal })),
    listing: (id, signal) => call("/api/listings/" + encodeURIComponent(id), { signal }),
    ask: (question, signal) => call("/api/chatbot/query", { body: { question }, signal }),
    categories: async () => {
      if (known?.language !== language()) known = { language: language(), ...tree(page(await call("/api/categories")).items) };
      return known;
    },
  };
}

// Categories come nested (`children`) or flat (`parentId`); both become two levels, in their order.
function tree(items) {
  const known = new Map();
  const add = (item, parent) => {
    known.set(item.id, { ...item, parentId: item.parentId ?? parent, children: [] });
    (item.children || []).forEach((child) => add(child, item.id));
  };
  items.forEach((item) => add(item, null));
  const tops = [];
  for (const item of known.values()) (known.get(item.parentId)?.children ?? tops).push(item);
  const place = (item) => item.position ?? item.order ?? 0;
  const inOrder = (a, b) => place(a) - place(b);
  tops.sort(inOrder).forEach((top) => top.children.sort(inOrder));
  return { tops, byId: known };
}
