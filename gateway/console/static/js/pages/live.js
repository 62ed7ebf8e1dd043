// Live streams: is it running, who is watching, what comes next.
import { badge } from "../articles/view.js";
import { get, post } from "../lib/api.js";
import { line } from "../lib/chart.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { NOTHING, exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { complain, problemBox, say } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { allChannels, unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const STATUSES = ["planned", "live", "ended"];
const METHODS = ["concurrent", "unique", "platform_reported"];
const LOOK_MS = 5000;

openPage("live", async (page) => {
  const units = await unitNames();
  const rows = h("div");
  const pane = h("section", { class: "desk-pane" });
  const status = h("select", { class: "form-select form-select-sm grow", "aria-label": t("field.status"), onchange: () => list.reload() }, h("option", { value: "" }, t("field.status")), STATUSES.map((each) => h("option", { value: each }, word("live_status", each))));
  const list = pagedList({
    path: "/v1/live-streams", holder: rows, query: () => ({ status: status.value }), empty: () => t("live.empty"),
    row: (stream) => h("a", { class: "row-item", href: `#${stream.id}`, dataset: { id: stream.id }, "aria-current": String(stream.id === open()) },
      h("div", { class: "row-title" }, stream.title),
      h("div", { class: "row-meta" }, badge("live_status", stream.status), h("span", {}, units.get(stream.unit_id) || ""), h("span", {}, writeMoment(stream.started_at || stream.starts_at)), stream.peak !== null && h("span", {}, `${t("live.peak")} ${exact(stream.peak)}`))),
  });
  const mayWrite = page.can("live_stream.write");
  const desk = h("div", { class: "desk" }, h("aside", { class: "card desk-list" },
    h("div", { class: "desk-filters" }, mayWrite && h("button", { class: "btn btn-sm btn-primary w-100", onclick: () => plan(page).then(created).catch(complain) }, `+ ${t("live.plan")}`), status),
    h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  page.main.append(desk);
  const open = () => location.hash.slice(1);
  let looking = 0;
  let shown = {};
  walkable(() => [...rows.querySelectorAll(".row-item")], t("live.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  onKey(["Escape"], t("keys.close"), () => (location.hash = ""));

  function created(done) {
    if (!done) return;
    list.reload();
    location.hash = done.id;
  }

  async function show() {
    clearInterval(looking);
    const id = open();
    desk.classList.toggle("has-pane", Boolean(id));
    for (const row of rows.querySelectorAll(".row-item")) row.setAttribute("aria-current", String(row.dataset.id === id));
    if (!id) return replace(pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
    try {
      shown = await get(`/v1/live-streams/${id}`);
      if (id !== open()) return;
      drawStream(pane, shown, units, mayWrite, changed);
      if (shown.status === "live") looking = setInterval(look, LOOK_MS);
    } catch (problem) {
      replace(pane, problemBox(problem));
    }
  }

  // A running stream is looked at now and then; it is drawn anew when something was added to it.
  async function look() {
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
    const now = await get(`/v1/live-streams/${shown.id}`).catch(() => shown);
    if (now.version !== shown.version && now.id === open()) show();
  }

  function changed() {
    list.reload();
    show();
  }

  addEventListener("hashchange", show);
  list.reload();
  await show();
});

function drawStream(pane, stream, units, mayWrite, changed) {
  const run = (work) => async () => {
    try {
      if (await work()) changed();
    } catch (problem) {
      complain(problem);
    }
  };
  const act = (on, label, work, look = "") => mayWrite && on && h("button", { class: `btn btn-sm ${look}`, onclick: run(work) }, label);
  const chart = h("div", { class: "live-chart" });
  const watchable = stream.play_url && /^https?:\/\//.test(stream.play_url);
  const minutes = stream.started_at ? Math.max(0, Math.round((new Date(stream.ended_at || Date.now()) - new Date(stream.started_at)) / 60000)) : null;
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "stream-title" },
    h("a", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", href: "#" }, `‹ ${t("act.back")}`),
    h("header", { class: "pane-head" }, h("h1", { id: "stream-title" }, stream.title),
      h("div", { class: "pane-acts" },
        act(stream.status === "planned", t("live.start"), () => start(stream), "btn-primary"),
        act(stream.status === "live", t("live.sample"), () => sample(stream), "btn-primary"),
        act(stream.status === "live", t("live.end"), () => end(stream), "btn-outline-danger"),
        watchable && h("a", { class: "btn btn-sm", href: stream.play_url, target: "_blank", rel: "noopener noreferrer" }, t("live.watch")))),
    h("dl", { class: "meta" }, badge("live_status", stream.status), h("div", {}, units.get(stream.unit_id) || ""),
      h("div", {}, t("live.planned_for", { at: writeMoment(stream.starts_at) })),
      stream.started_at && h("div", {}, t("live.started_at", { at: writeMoment(stream.started_at) })), stream.ended_at && h("div", {}, t("live.ended_at", { at: writeMoment(stream.ended_at) })),
      stream.method && h("div", {}, `${t("field.method")}${t("colon")}${word("method", stream.method)}`)),
    h("div", { class: "big-figures" }, big(t("live.peak"), stream.peak === null ? NOTHING : exact(stream.peak)), big(t("live.average"), stream.average === null ? NOTHING : exact(Math.round(stream.average))),
      big(t("live.samples"), exact(stream.samples.length)), minutes !== null && big(t("live.running"), t("live.minutes", { n: exact(minutes) }))),
    h("h2", { class: "section-title" }, t("live.chart")),
    stream.samples.length ? chart : h("p", { class: "text-secondary m-0" }, t("live.no_samples"))));
  if (stream.samples.length) line(chart, stream.samples.map((each) => [each.at, each.viewers]), { description: `${t("live.chart")} · ${stream.title}` }).catch(() => chart.remove());
}

const big = (label, value) => h("div", {}, h("strong", {}, value), h("span", {}, label));

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

async function plan(page) {
  const [options, channels] = await Promise.all([unitOptions(page.me), allChannels()]);
  const form = makeForm([
    { name: "unit_id", type: "select", required: true, options }, { name: "title", required: true, max: 200 },
    { name: "starts_at", type: "datetime-local", required: true },
    { name: "channel_id", type: "select", empty: null, options: [["", t("live.no_channel")], ...channels.filter((each) => each.status === "active").map((each) => [each.id, `${each.name} · ${word("channel_kind", each.kind)}`])] },
    { name: "play_url", type: "url", empty: null, placeholder: "https://" }]);
  return ask(t("live.plan"), form, t("act.save"), async (values) => {
    const done = await post("/v1/live-streams", values);
    say(t("live.planned_done"));
    return done;
  });
}
