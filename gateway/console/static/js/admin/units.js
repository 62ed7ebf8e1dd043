// Units in their tree, as on any day; and the channels of each, from building to closed.
import { all, get, post } from "../lib/api.js";
import { back, buttons, fact, makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { today, writeDay } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { allUnits, forget, inTree, unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { channelTable, openChannel } from "./channels.js";

const KINDS = ["office", "department", "college", "campus"];

export async function units(page) {
  const day = h("input", { class: "form-control form-control-sm", type: "date", "aria-label": t("units.at") });
  const may = page.can("unit.write");
  makeDesk(page, {
    path: "/v1/units", empty: () => t("units.empty"), what: t("board.unit"),
    filters: [{ element: h("label", { class: "as-of grow" }, h("span", { class: "text-secondary" }, t("units.at")), day), query: () => ({ at: day.value }) }],
    ask: async (path, query) => ({ items: inTree(await all(path, { at: query.at })), next: null }),
    row: (unit) => [unit.name, h("span", { class: "badge" }, word("unit_kind", unit.kind)), t("units.since", { day: writeDay(unit.since) }), unit.merged_into && h("span", { class: "badge badge-closed" }, t("units.merged"))],
    add: may && { label: t("units.add"), make: () => establish() },
    draw: (pane, id, desk) => drawUnit(pane, id, { page, may, changed: desk.changed }),
  });
}

async function drawUnit(pane, id, { page, may, changed }) {
  const [unit, channels, names] = await Promise.all([get(`/v1/units/${id}`), all("/v1/channels", { unit_id: id }), unitNames()]);
  const goes = !unit.merged_into;
  const mayOpen = page.can("channel.write") && (page.me.units.includes("*") || page.me.units.includes(id));
  const anew = () => {
    forget();
    changed();
  };
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "unit-name" }, back(),
    h("header", { class: "pane-head" }, h("h1", { id: "unit-name", tabindex: "-1" }, unit.name), buttons([
      [may && goes, t("units.rename"), () => rename(unit)], [may && goes, t("units.move"), () => move(unit)], [may && goes, t("units.add_below"), () => establish(unit)],
      [may && goes, t("units.merge"), () => merge(unit), "btn-outline-danger"]], anew)),
    h("dl", { class: "meta" }, fact(t("field.kind"), word("unit_kind", unit.kind)), fact(t("field.parent_id"), names.get(unit.parent_id) || t("units.top")), fact(t("field.since"), writeDay(unit.since)),
      unit.merged_into && fact(t("units.merged"), names.get(unit.merged_into) || unit.merged_into)),
    unit.history.length > 1 && [h("h2", { class: "section-title" }, t("units.history")), turns(unit, names)],
    h("header", { class: "pane-head mt-4" }, h("h2", { class: "section-title m-0" }, t("units.channels")), buttons([[mayOpen && goes, t("channels.open"), () => openChannel(unit), "btn-primary"]], anew)),
    channels.length ? channelTable(channels, mayOpen, page.can("figure.write") && mayOpen, anew) : h("p", { class: "text-secondary m-0" }, t("channels.none"))));
  pane.querySelector("h1").focus({ preventScroll: true });
}

function turns(unit, names) {
  return h("table", { class: "simple" }, h("thead", {}, h("tr", {}, ["since", "name", "parent_id"].map((each) => h("th", { scope: "col" }, t(`field.${each}`))))),
    h("tbody", {}, unit.history.map((each) => h("tr", {}, h("td", {}, writeDay(each.since)), h("td", {}, each.name), h("td", {}, names.get(each.parent_id) || t("units.top"))))));
}

const since = (label = t("units.from_day")) => ({ name: "since", type: "date", required: true, value: today(), label });
const others = async (unit) => (await unitOptions({ units: ["*"] })).filter(([id]) => id !== unit.id);

async function establish(parent) {
  const options = [["", t("units.top")], ...(await allUnits()).filter((each) => !each.merged_into).map((each) => [each.id, each.name])];
  const form = makeForm([{ name: "name", required: true, max: 100, wide: true }, { name: "kind", type: "select", required: true, value: "college", options: KINDS.map((kind) => [kind, word("unit_kind", kind)]) },
    { name: "parent_id", type: "select", options, value: parent?.id ?? "", empty: null }, since()], { columns: true });
  return tell(t(parent ? "units.add_below" : "units.add"), form, "/v1/units", "units.added");
}

function rename(unit) {
  return tell(t("units.rename"), makeForm([{ name: "name", required: true, max: 100, value: unit.name }, since()]), `/v1/units/${unit.id}/name`, "units.renamed");
}

async function move(unit) {
  const form = makeForm([{ name: "parent_id", type: "select", options: [["", t("units.top")], ...(await others(unit))], value: unit.parent_id ?? "", empty: null }, since()]);
  return tell(t("units.move"), form, `/v1/units/${unit.id}/parent`, "units.moved");
}

async function merge(unit) {
  const form = makeForm([{ name: "into_id", type: "select", required: true, options: await others(unit), hint: t("units.merge_hint", { name: unit.name }) }, since()]);
  return tell(t("units.merge"), form, `/v1/units/${unit.id}/merger`, "units.is_merged", true);
}

function tell(title, form, path, says, danger = false) {
  return ask(title, form, danger ? title : t("act.save"), async (values) => {
    const done = await post(path, values);
    forget();
    say(t(says));
    return done;
  }, { danger });
}
