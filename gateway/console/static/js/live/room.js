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
export async function enterRoom(pane, id, told) {
  const [stream, channels] = await Promise.all([get(`/v1/live-streams/${id}`), allChannels()]);
  const room = new Room(stream, channels.find((each) => each.id === stream.channel_id), told);
  replace(pane, room.element);
  pane.querySelector("h1").focus({ preventScroll: true });
  return room;
}

class Room {
  // told: {units, mayWrite, changed()}
  constructor(stream, channel, told) {
    Object.assign(this, { stream, channel, told, unit: stream.unit_id });
    this.acts = h("div", { class: "pane-acts" });
    this.about = h("dl", { class: "meta" });
    this.figures = h("div", { class: "big-figures" });
    this.chart = h("div", { class: "live-chart" });
    this.none = h("p", { class: "text-secondary m-0" }, t("live.no_samples"));
    this.element = h("article", { class: "card pane", "aria-labelledby": "stream-title" }, back(),
      h("header", { class: "pane-head" }, h("h1", { id: "stream-title", tabindex: "-1" }, stream.title), this.acts),
      this.about, player(stream), this.figures, h("h2", { class: "section-title" }, t("live.chart")), this.none, this.chart);
    this.#draw();
    // What begins and ends is told by the server; how many watch is asked for while it runs.
    this.timer = setInterval(() => this.stream.status === "live" && document.visibilityState === "visible" && this.look(), LOOK_MS);
  }

  leave = () => clearInterval(this.timer);

  async look() {
    const now = await get(`/v1/live-streams/${this.stream.id}`).catch(() => this.stream);
    if (now.version === this.stream.version) return;
    this.stream = now;
    this.#draw();
  }

  #draw() {
    const { stream, channel } = this;
    replace(this.acts, this.#buttons(), watchLink(stream));
    replace(this.about, fact(t("field.status"), badge("live_status", stream.status)), fact(t("field.unit_id"), this.told.units.get(stream.unit_id) || ""),
      channel && fact(t("field.channel_id"), `${channel.name} · ${word("channel_kind", channel.kind)}`),
      fact(t("field.starts_at"), writeMoment(stream.starts_at)),
      stream.started_at && fact(t("field.started_at"), writeMoment(stream.started_at)), stream.ended_at && fact(t("field.ended_at"), writeMoment(stream.ended_at)),
      stream.method && fact(t("field.method"), word("method", stream.method)));
    replace(this.figures, figuresOf(stream));
    this.#curve();
  }

  #buttons() {
    const { stream, told: { mayWrite, changed } } = this;
    return buttons([
      [mayWrite && stream.status === "planned", t("live.start"), () => start(stream), "btn-primary"],
      [mayWrite && stream.status === "live", t("live.sample"), () => sample(stream), "btn-primary"],
      [mayWrite && stream.status === "live", t("live.end"), () => end(stream), "btn-outline-danger"]], () => this.look().then(changed));
  }

  #curve() {
    const { samples, title, peak } = this.stream;
    this.none.hidden = samples.length > 0;
    this.chart.hidden = !samples.length;
    if (!samples.length) return;
    const description = `${t("live.chart")} · ${title} · ${t("live.peak")} ${exact(peak)}`;
    line(this.chart, samples.map((each) => [each.at, each.viewers]), { description }).catch(() => this.chart.remove());
  }
}

function figuresOf({ status, samples, peak, average, started_at: began, ended_at: ended }) {
  const minutes = began ? Math.max(0, Math.round((new Date(ended || Date.now()) - new Date(began)) / 60000)) : null;
  const last = samples.at(-1);
  return [status === "live" && last && big(t("live.now"), exact(last.viewers)),
    big(t("live.peak"), peak === null ? NOTHING : exact(peak)), big(t("live.average"), average === null ? NOTHING : exact(Math.round(average))),
    big(t("live.samples", { n: samples.length }), exact(samples.length)), minutes !== null && big(t(status === "live" ? "live.running" : "live.ran"), t("live.minutes", { n: exact(minutes) }))];
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
