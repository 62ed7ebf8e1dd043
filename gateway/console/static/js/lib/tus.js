// Uploads by tus 1.0: they go on after a broken connection at the byte where it broke.
import { Problem, newKey } from "./api.js";

const PART = 8 * 1024 * 1024;
const TRIES = 5;
const HEADERS = { "Tus-Resumable": "1.0.0", "X-Matrix-Request": "1" };

// meta: {unit_id, title, tags}; told: {onprogress(sent, bytesPerSecond), onstate("checking" | "resuming")}. Gives the asset's id.
export async function upload(file, meta, told = {}) {
  const created = await send("POST", "/v1/assets/uploads", null, {
    "Upload-Length": String(file.size), "Upload-Metadata": encode({ filename: file.name, ...meta }), "Idempotency-Key": newKey(),
  });
  const place = created.getResponseHeader("Location");
  let offset = +created.getResponseHeader("Upload-Offset");
  let asset = created.getResponseHeader("Upload-Asset");
  const began = performance.now();
  for (let tries = 0; !asset; ) {
    try {
      const part = file.slice(offset, offset + PART);
      const answer = await send("PATCH", place, part, { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, (sent) => {
        const total = offset + sent;
        told.onprogress?.(total, total / Math.max(0.05, (performance.now() - began) / 1000));
        if (total >= file.size) told.onstate?.("checking");
      });
      offset = +answer.getResponseHeader("Upload-Offset");
      asset = answer.getResponseHeader("Upload-Asset");
      tries = 0;
    } catch (problem) {
      if (![0, 409, 503].includes(problem.status) || (tries += 1) > TRIES) throw problem;
      told.onstate?.("resuming");
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
      const stands = await send("HEAD", place, null, {}).catch(() => null);
      if (stands) {
        offset = +stands.getResponseHeader("Upload-Offset");
        asset = stands.getResponseHeader("Upload-Asset");
      }
    }
  }
  return asset.split("/").pop();
}

function encode(meta) {
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(meta).filter(([, value]) => value).map(([name, value]) => `${name} ${base64(String(value))}`).join(",");
}

function send(method, path, body, headers, onsent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) request.setRequestHeader(name, value);
    if (onsent) request.upload.onprogress = (event) => onsent(event.loaded);
    request.onload = () => (request.status < 300 ? resolve(request) : reject(new Problem(request.status, parse(request.responseText))));
    request.onerror = () => reject(new Problem(0, { code: "console.offline" }));
    request.send(body);
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
