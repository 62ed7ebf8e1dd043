// Talks to the API as the signed-in person. What is refused is thrown as a Problem (RFC 9457).

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.code = body.code || "";
    this.errors = body.errors || [];
    this.requestId = body.request_id || "";
  }
}

const tags = new Map(); // path → the ETag last seen there: what If-Match insists on

export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID(); // there on secure pages only
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// `file` goes out as it is, `body` as JSON.
export async function request(method, path, { body, file, headers = {}, key, signal } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET" && method !== "HEAD") {
    sent["X-Matrix-Request"] = "1";
    if (method === "POST") sent["Idempotency-Key"] = key || newKey();
    if (["PATCH", "PUT"].includes(method) && tags.has(path)) sent["If-Match"] = tags.get(path);
  }
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (file) sent["Content-Type"] = "application/octet-stream";
  let response;
  try {
    response = await fetch(path, { method, headers: sent, signal, body: file ?? (body === undefined ? undefined : JSON.stringify(body)) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { code: "console.offline" });
  }
  const text = method === "HEAD" ? "" : await response.text();
  let data = {};
  if (text && (response.headers.get("Content-Type") || "").includes("json")) data = JSON.parse(text);
  if (!response.ok) {
    if (response.status === 401 && path !== "/v1/session") toSignIn();
    if (response.status === 403) dispatchEvent(new Event("matrix:refused"));
    throw new Problem(response.status, data);
  }
  const tag = response.headers.get("ETag");
  if (tag && method === "GET") tags.set(path.split("?")[0], tag);
  return { data, response };
}

export const get = async (path, query, signal) => (await request("GET", withQuery(path, query), { signal })).data;
export const post = async (path, body = {}, key) => (await request("POST", path, { body, key })).data;
export const patch = async (path, body) => (await request("PATCH", path, { body })).data;
export const put = async (path, body) => (await request("PUT", path, { body })).data;
export const del = async (path, query) => (await request("DELETE", withQuery(path, query))).data;

export function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

// Every item of a list, page after page; no more than `most`.
export async function all(path, query = {}, most = 2000) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { limit: 200, ...query, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

export function toSignIn() {
  const here = location.pathname + location.search + location.hash;
  location.replace(`/sign-in?next=${encodeURIComponent(here)}`);
}
