// The picture of a stream, where its address is one that this browser plays; else the way to it.
import { h } from "../lib/dom.js";
import { t } from "../lib/words.js";

const TYPES = { m3u8: "application/vnd.apple.mpegurl", mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", ogv: "video/ogg" };

const isAddress = (url) => /^https?:\/\//.test(url || "");

// A <video>, or null. Nothing is loaded before somebody presses play: a page that is open is no viewer.
export function player(stream) {
  const type = isAddress(stream.play_url) && TYPES[new URL(stream.play_url).pathname.split(".").pop().toLowerCase()];
  const video = h("video", { class: "player", controls: true, playsinline: true, preload: "none", "aria-label": t("live.player", { title: stream.title }) });
  if (!type || !video.canPlayType(type)) return null;
  video.src = stream.play_url;
  const trouble = h("p", { class: "alert alert-warning mb-2", role: "alert", hidden: true }, t("live.no_picture"));
  video.addEventListener("error", () => (trouble.hidden = false));
  video.addEventListener("playing", () => (trouble.hidden = true));
  return h("div", { class: "picture" }, video, trouble);
}

export const watchLink = (stream) => isAddress(stream.play_url) && h("a", { class: "btn btn-sm", href: stream.play_url, target: "_blank", rel: "noopener noreferrer" }, t("live.watch"));
