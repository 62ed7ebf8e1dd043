// Training sessions: who came. Person-times and distinct people are different figures.
import { badge } from "../articles/view.js";
import { get, post } from "../lib/api.js";
import { back, big, buttons, fact, makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { choice } from "../lib/filters.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { knownPeople } from "../training/people.js";

const KINDS = ["training", "study_session", "talk", "lecture"];
const STATUSES = ["scheduled", "held", "cancelled"];
const SKILLS = ["writing", "photo", "video", "layout", "new_media"];
const options = (group, values) => values.map((each) => [each, word(group, each)]);

openPage("training", async (page) => {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const totals = h("div", { class: "big-figures px-3 pt-3 mb-0", role: "group", "aria-label": t("training.totals") });
  const mayWrite = page.can("training.write");
  makeDesk(page, {
    path: "/v1/training-sessions", empty: () => t("training.empty"), what: t("training.row"), above: totals,
    filters: [choice("kind", t("field.kind"), options("session_kind", KINDS)), choice("status", t("field.status"), options("session_status", STATUSES)), choice("unit_id", t("field.unit_id"), mine)],
    onpage: (found, first) => first && replace(totals, counted(found)),
    row: (session) => [session.title, badge("session_status", session.status), word("session_kind", session.kind), units.get(session.unit_id), writeMoment(session.starts_at), `${exact(session.person_times)} ${t("training.person_times", { n: session.person_times })}`],
    add: mayWrite && { label: t("training.plan"), make: () => schedule(mine) },
    draw: async (pane, id, desk) => drawSession(pane, await get(`/v1/training-sessions/${id}`), units, { mayWrite, mine, changed: desk.changed }),
  });
});

const counted = ({ person_times: times, distinct_people: people }) => [big(t("training.person_times", { n: times }), exact(times)), big(t("training.distinct", { n: people }), exact(people))];

function drawSession(pane, session, units, { mayWrite, mine, changed }) {
  const coming = session.status === "scheduled";
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "session-title" }, back(),
    h("header", { class: "pane-head" }, h("h1", { id: "session-title", tabindex: "-1" }, session.title), buttons([
      [mayWrite && session.status !== "cancelled", t("training.attend"), () => attend(session, mine), "btn-primary"],
      [mayWrite && coming, t("training.hold"), () => hold(session)],
      [mayWrite && coming, t("training.cancel"), () => cancel(session), "btn-outline-danger"]], changed)),
    h("dl", { class: "meta" }, fact(t("field.status"), badge("session_status", session.status)), fact(t("field.kind"), word("session_kind", session.kind)), fact(t("field.unit_id"), units.get(session.unit_id) || ""),
      fact(t("field.at"), `${writeMoment(session.starts_at)} – ${writeMoment(session.ends_at)}`), session.place && fact(t("field.place"), session.place), session.speaker && fact(t("field.speaker"), session.speaker),
      session.skills.length > 0 && fact(t("field.skills"), session.skills.map((each) => h("span", { class: "badge" }, word("skill", each))))),
    h("div", { class: "big-figures" }, counted(session)),
    h("h2", { class: "section-title" }, t("training.attendances")), session.attendances.length ? attendances(session, units) : h("p", { class: "text-secondary m-0" }, t("training.nobody"))));
  pane.querySelector("h1").focus({ preventScroll: true });
}

function attendances(session, units) {
  return h("table", { class: "simple" },
    h("thead", {}, h("tr", {}, ["names", "unit_id", "at"].map((each) => h("th", { scope: "col" }, t(`field.${each}`))))),
    h("tbody", {}, session.attendances.map((each) => h("tr", {}, h("td", {}, each.name ?? h("span", { class: "text-secondary" }, t("training.nameless"))), h("td", {}, units.get(each.unit_id) || "—"), h("td", {}, writeMoment(each.at))))));
}

function attend(session, units) {
  const form = makeForm([{ name: "names", type: "textarea", rows: 8, required: true, hint: t("training.attend_hint") }, { name: "unit_id", label: t("training.from_unit"), type: "select", options: [["", "—"], ...units], value: session.unit_id, empty: null }]);
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

function schedule(units) {
  const form = makeForm([
    { name: "unit_id", type: "select", required: true, options: units },
    { name: "kind", type: "select", required: true, options: options("session_kind", KINDS) },
    { name: "title", required: true, max: 200, wide: true }, { name: "starts_at", type: "datetime-local", required: true }, { name: "ends_at", type: "datetime-local", required: true },
    { name: "place", max: 100, empty: null }, { name: "speaker", max: 100, empty: null },
    { name: "skills", type: "checks", options: options("skill", SKILLS), wide: true }], { columns: true });
  return ask(t("training.plan"), form, t("act.save"), async (values) => {
    const done = await post("/v1/training-sessions", values);
    say(t("training.planned"));
    return done;
  });
}
