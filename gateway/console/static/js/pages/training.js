// Training sessions: who came. Person-times and distinct people are different figures.
import { badge } from "../articles/view.js";
import { get, post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { complain, problemBox, say } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { knownPeople } from "../training/people.js";

const KINDS = ["training", "study_session", "talk", "lecture"];
const STATUSES = ["scheduled", "held", "cancelled"];

openPage("training", async (page) => {
  const units = await unitNames();
  const rows = h("div");
  const pane = h("section", { class: "desk-pane" });
  const totals = h("div", { class: "big-figures px-3 pt-3 mb-0", "aria-label": t("training.totals") });
  const select = (label, group, values) => h("select", { class: "form-select form-select-sm grow", "aria-label": label, onchange: () => list.reload() }, h("option", { value: "" }, label), values.map((each) => h("option", { value: each }, word(group, each))));
  const filters = { kind: select(t("field.kind"), "session_kind", KINDS), status: select(t("field.status"), "session_status", STATUSES) };
  const list = pagedList({
    path: "/v1/training-sessions", holder: rows, empty: () => t("training.empty"), query: () => ({ kind: filters.kind.value, status: filters.status.value }),
    onpage: (found, first) => first && replace(totals, big(t("training.person_times"), exact(found.person_times)), big(t("training.distinct"), exact(found.distinct_people))),
    row: (session) => h("a", { class: "row-item", href: `#${session.id}`, dataset: { id: session.id }, "aria-current": String(session.id === open()) },
      h("div", { class: "row-title" }, session.title),
      h("div", { class: "row-meta" }, badge("session_status", session.status), h("span", {}, word("session_kind", session.kind)), h("span", {}, units.get(session.unit_id) || ""), h("span", {}, writeMoment(session.starts_at)), h("span", {}, `${exact(session.person_times)} ${t("training.person_times")}`))),
  });
  const mayWrite = page.can("training.write");
  const desk = h("div", { class: "desk" }, h("aside", { class: "card desk-list" },
    h("div", { class: "desk-filters" }, mayWrite && h("button", { class: "btn btn-sm btn-primary w-100", onclick: () => schedule(page).then(created).catch(complain) }, `+ ${t("training.plan")}`), Object.values(filters)),
    totals, h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  page.main.append(desk);
  const open = () => location.hash.slice(1);
  walkable(() => [...rows.querySelectorAll(".row-item")], t("training.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  onKey(["Escape"], t("keys.close"), () => (location.hash = ""));

  function created(done) {
    if (!done) return;
    list.reload();
    location.hash = done.id;
  }

  async function show() {
    const id = open();
    desk.classList.toggle("has-pane", Boolean(id));
    for (const row of rows.querySelectorAll(".row-item")) row.setAttribute("aria-current", String(row.dataset.id === id));
    if (!id) return replace(pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
    try {
      const session = await get(`/v1/training-sessions/${id}`);
      drawSession(pane, session, units, { mayWrite, me: page.me, changed });
    } catch (problem) {
      replace(pane, problemBox(problem));
    }
  }

  function changed() {
    list.reload();
    show();
  }

  addEventListener("hashchange", show);
  list.reload();
  await show();
});

function drawSession(pane, session, units, { mayWrite, me, changed }) {
  const run = (work) => async () => {
    try {
      if (await work()) changed();
    } catch (problem) {
      complain(problem);
    }
  };
  const act = (on, label, work, look = "") => mayWrite && on && h("button", { class: `btn btn-sm ${look}`, onclick: run(work) }, label);
  const coming = session.status === "scheduled";
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "session-title" },
    h("a", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", href: "#" }, `‹ ${t("act.back")}`),
    h("header", { class: "pane-head" }, h("h1", { id: "session-title" }, session.title),
      h("div", { class: "pane-acts" },
        act(session.status !== "cancelled", t("training.attend"), () => attend(session, me), "btn-primary"),
        act(coming, t("training.hold"), () => hold(session)), act(coming, t("training.cancel"), () => cancel(session), "btn-outline-danger"))),
    h("dl", { class: "meta" }, badge("session_status", session.status), h("div", {}, word("session_kind", session.kind)), h("div", {}, units.get(session.unit_id) || ""),
      h("div", {}, `${writeMoment(session.starts_at)} – ${writeMoment(session.ends_at)}`), session.place && h("div", {}, session.place), session.speaker && h("div", {}, `${t("field.speaker")}${t("colon")}${session.speaker}`)),
    h("div", { class: "big-figures" }, big(t("training.person_times"), exact(session.person_times)), big(t("training.distinct"), exact(session.distinct_people))),
    h("h2", { class: "section-title" }, t("training.attendances")),
    session.attendances.length ? h("table", { class: "simple" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("field.names")), h("th", { scope: "col" }, t("field.unit_id")), h("th", { scope: "col" }, t("field.at")))),
      h("tbody", {}, session.attendances.map((each) => h("tr", {}, h("td", {}, each.name ?? h("span", { class: "text-secondary" }, t("training.nameless"))), h("td", {}, units.get(each.unit_id) || "—"), h("td", {}, writeMoment(each.at)))))) : h("p", { class: "text-secondary m-0" }, t("training.nobody"))));
}

const big = (label, value) => h("div", {}, h("strong", {}, value), h("span", {}, label));

async function attend(session, me) {
  const options = [["", "—"], ...(await unitOptions(me))];
  const form = makeForm([{ name: "names", type: "textarea", rows: 8, required: true, hint: t("training.attend_hint") }, { name: "unit_id", label: t("training.from_unit"), type: "select", options, value: session.unit_id, empty: null }]);
  return ask(t("training.attend"), form, t("act.save"), async ({ names, unit_id }) => {
    const lines = [...new Set(names.split("\n").map((each) => each.trim().replace(/\s+/g, " ")).filter(Boolean))];
    const find = await knownPeople(unit_id);
    const attendees = lines.map((name) => ({ person_id: find(name), name: name.slice(0, 100), unit_id: unit_id || null }));
    await post(`/v1/training-sessions/${session.id}/attendances`, { attendees });
    say(t("training.attended", { n: attendees.length }));
    return true;
  });
}

async function hold(session) {
  const past = new Date(session.ends_at) < new Date();
  await post(`/v1/training-sessions/${session.id}/completion`, past ? { held_at: session.ends_at } : {});
  say(t("training.held"));
  return true;
}

function cancel(session) {
  const form = makeForm([{ name: "reason", type: "textarea", required: true, max: 500 }]);
  return ask(t("training.cancel"), form, t("training.cancel"), async (values) => {
    await post(`/v1/training-sessions/${session.id}/cancellation`, values);
    say(t("training.cancelled"));
    return true;
  }, { danger: true });
}

async function schedule(page) {
  const form = makeForm([
    { name: "unit_id", type: "select", required: true, options: await unitOptions(page.me) },
    { name: "kind", type: "select", required: true, options: KINDS.map((each) => [each, word("session_kind", each)]) },
    { name: "title", required: true, max: 200 }, { name: "starts_at", type: "datetime-local", required: true }, { name: "ends_at", type: "datetime-local", required: true },
    { name: "place", max: 100, empty: null }, { name: "speaker", max: 100, empty: null }]);
  return ask(t("training.plan"), form, t("act.save"), async (values) => {
    const done = await post("/v1/training-sessions", values);
    say(t("training.planned"));
    return done;
  });
}
