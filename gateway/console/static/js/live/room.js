// One stream: the picture, the people who watch, and what the operator may do. It changes in place: the picture plays on.
import { badge } from "../articles/view.js";
import { get, post } from "../lib/api.js";
import { line } from "../lib/chart.js";
import { back, big, buttons, fact } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { NOTHING, exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { allChannels } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { player, watchLink } from "./player.js";

const METHODS = ["concurrent", "unique", "platform_reported"];
const LOOK_MS = 3000;

// Gives {unit, look(): asks whether something was added, leave()}.
export async function enterRoom(pane, id, { units, mayWrite, changed }) {
  let [stream, channels] = await Promise.all([get(`/v1/live-streams/${id}`), allChannels()]);
  const channel = channels.find((each) => each.id === stream.channel_id);
  const parts = { acts: h("div", { class: "pane-acts" }), about: h("dl", { class: "meta" }), figures: h("div", { class: "big-figures" }), chart: h("div", { class: "live-chart" }), none: h("p", { class: "text-secondary m-0" }, t("live.no_samples")) };
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "stream-title" }, back(),
    h("header", { class: "pane-head" }, h("h1", { id: "stream-title", tabindex: "-1" }, stream.title), parts.acts),
    parts.about, player(stream), parts.figures, h("h2", { class: "section-title" }, t("live.chart")), parts.none, parts.chart));
  draw();
  pane.querySelector("h1").focus({ preventScroll: true });
  // What begins and ends is told by the server; how many watch is asked for while it runs.
  const timer = setInterval(() => stream.status === "live" && document.visibilityState === "visible" && look(), LOOK_MS);
  return { unit: stream.unit_id, look, leave: () => clearInterval(timer) };

  async function look() {
    const now = await get(`/v1/live-streams/${id}`).catch(() => stream);
    if (now.version === stream.version) return;
    stream = now;
    draw();
  }

  async function done() {
    await look();
    changed();
  }

  function draw() {
    const { status } = stream;
    replace(parts.acts, buttons([
      [mayWrite && status === "planned", t("live.start"), () => start(stream), "btn-primary"],
      [mayWrite && status === "live", t("live.sample"), () => sample(stream), "btn-primary"],
      [mayWrite && status === "live", t("live.end"), () => end(stream), "btn-outline-danger"]], done), watchLink(stream));
    replace(parts.about, fact(t("field.status"), badge("live_status", status)), fact(t("field.unit_id"), units.get(stream.unit_id) || ""),
      channel && fact(t("field.channel_id"), `${channel.name} · ${word("channel_kind", channel.kind)}`),
      fact(t("field.starts_at"), writeMoment(stream.starts_at)),
      stream.started_at && fact(t("field.started_at"), writeMoment(stream.started_at)), stream.ended_at && fact(t("field.ended_at"), writeMoment(stream.ended_at)),
      stream.method && fact(t("field.method"), word("method", stream.method)));
    const minutes = stream.started_at ? Math.max(0, Math.round((new Date(stream.ended_at || Date.now()) - new Date(stream.started_at)) / 60000)) : null;
    const last = stream.samples.at(-1);
    replace(parts.figures, status === "live" && last && big(t("live.now"), exact(last.viewers)),
      big(t("live.peak"), stream.peak === null ? NOTHING : exact(stream.peak)), big(t("live.average"), stream.average === null ? NOTHING : exact(Math.round(stream.average))),
      big(t("live.samples"), exact(stream.samples.length)), minutes !== null && big(t("live.running"), t("live.minutes", { n: exact(minutes) })));
    parts.none.hidden = stream.samples.length > 0;
    parts.chart.hidden = !stream.samples.length;
    if (stream.samples.length) line(parts.chart, stream.samples.map((each) => [each.at, each.viewers]), { description: `${t("live.chart")} · ${stream.title} · ${t("live.peak")} ${exact(stream.peak)}` }).catch(() => parts.chart.remove());
  }
}

async function start(stream) {
  await post(`/v1/live-streams/${stream.id}/start`);
  say(t("live.started"));
  return true;
}

function sample(stream) {
  const form = makeForm([{ name: "viewers", type: "number", min: 0, required: true },
    { name: "method", type: "select", required: true, value: stream.method || "concurrent", options: (stream.method ? [stream.method] : METHODS).map((each) => [each, word("method", each)]) }]);
  return ask(t("live.sample"), form, t("act.save"), async (values) => {
    await post(`/v1/live-streams/${stream.id}/viewers`, values);
    say(t("live.sampled"));
    return true;
  });
}

function end(stream) {
  const form = { element: h("p", { class: "mb-0" }, t("live.end_sure")), check: () => true, values: () => ({}), blame: () => {} };
  return ask(t("live.end"), form, t("live.end"), async () => {
    await post(`/v1/live-streams/${stream.id}/end`);
    say(t("live.ended"));
    return true;
  }, { danger: true });
}
