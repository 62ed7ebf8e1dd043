// Shoots: what is to be photographed or filmed, what was, and what came of it.
import { badge } from "../articles/view.js";
import { photoField, thumbnail } from "../assets/photos.js";
import { get, post } from "../lib/api.js";
import { back, big, buttons, fact, makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { choice, period } from "../lib/filters.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { pagedList } from "../lib/paged.js";
import { say } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const KINDS = ["photo", "video"];
const STATUSES = ["planned", "completed"];
const options = (group, values) => values.map((each) => [each, word(group, each)]);

openPage("shoots", async (page) => {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const totals = h("div", { class: "big-figures px-3 pt-3 mb-0", role: "group", "aria-label": t("shoots.totals") });
  makeDesk(page, {
    path: "/v1/shoots", empty: () => t("shoots.empty"), what: t("shoots.row"), above: totals,
    filters: [choice("unit_id", t("field.unit_id"), mine), period(), choice("status", t("field.status"), options("shoot_status", STATUSES)), choice("kind", t("field.kind"), options("shoot_kind", KINDS))],
    onpage: (found, first) => first && replace(totals, big(t("shoots.shoots", { n: found.shoots }), exact(found.shoots)), big(t("shoots.photographs", { n: found.photographs }), exact(found.photographs))),
    row: (shoot) => [shoot.title, badge("shoot_status", shoot.status), word("shoot_kind", shoot.kind), units.get(shoot.unit_id), writeMoment(shoot.starts_at), shoot.photographs > 0 && t("shoots.delivered", { n: exact(shoot.photographs) })],
    add: page.can("shoot.write") && { label: t("shoots.plan"), make: () => plan(mine) },
    draw: async (pane, id, desk) => drawShoot(pane, await get(`/v1/shoots/${id}`), { units, page, changed: desk.changed }),
  });
});

function drawShoot(pane, shoot, { units, page, changed }) {
  const photos = h("div", { class: "photos" });
  const list = pagedList({
    path: "/v1/assets", holder: photos, query: () => ({ shoot_id: shoot.id }), empty: () => t("shoots.none"),
    row: (asset) => h("a", { class: "photo", href: `/assets#${asset.id}`, title: asset.title }, asset.status === "available" ? h("img", { src: thumbnail(asset.id), alt: asset.title, loading: "lazy" }) : h("span", { class: "photo-gone" }, word("asset_status", asset.status))),
  });
  const may = page.can("shoot.write");
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "shoot-title" }, back(),
    h("header", { class: "pane-head" }, h("h1", { id: "shoot-title", tabindex: "-1" }, shoot.title), buttons([
      [may, t("shoots.deliver"), () => deliver(shoot, page), "btn-primary"],
      [may && shoot.status === "planned", t("shoots.complete"), () => complete(shoot)]], changed)),
    h("dl", { class: "meta" }, fact(t("field.status"), badge("shoot_status", shoot.status)), fact(t("field.kind"), word("shoot_kind", shoot.kind)), fact(t("field.unit_id"), units.get(shoot.unit_id) || ""),
      fact(t("field.starts_at"), writeMoment(shoot.starts_at)), shoot.completed_at && fact(t("shoots.completed_at"), writeMoment(shoot.completed_at)), shoot.place && fact(t("field.place"), shoot.place)),
    h("div", { class: "big-figures" }, big(t("shoots.photographs", { n: shoot.photographs }), exact(shoot.photographs))),
    h("h2", { class: "section-title" }, t("shoots.delivered_photos")), photos, list.foot));
  list.reload();
  pane.querySelector("h1").focus({ preventScroll: true });
}

function plan(units) {
  const form = makeForm([
    { name: "unit_id", type: "select", required: true, options: units }, { name: "kind", type: "select", required: true, options: options("shoot_kind", KINDS) },
    { name: "title", required: true, max: 200, wide: true }, { name: "starts_at", type: "datetime-local", required: true }, { name: "place", max: 200, empty: null }], { columns: true });
  return ask(t("shoots.plan"), form, t("act.save"), async (values) => {
    const made = await post("/v1/shoots", values);
    say(t("shoots.planned"));
    return made;
  });
}

function deliver(shoot, page) {
  const photos = photoField([], () => shoot.unit_id, page.can("asset.write"));
  const when = makeForm([{ name: "at", type: "datetime-local", label: t("shoots.delivered_at"), hint: t("shoots.complete_hint") }]);
  const form = {
    element: h("div", { class: "fields" }, photos.element, when.element), values: () => ({ ...photos.form.values(), ...when.values() }),
    check: () => photos.form.check() && when.check(), blame: when.blame,
  };
  return ask(t("shoots.deliver"), form, t("shoots.deliver"), async ({ asset_ids, at }) => {
    await post(`/v1/shoots/${shoot.id}/photographs`, { asset_ids, at });
    say(t("shoots.done", { n: asset_ids.length }));
    return true;
  }, { wide: true });
}

function complete(shoot) {
  const form = makeForm([{ name: "at", type: "datetime-local", label: t("shoots.completed_at"), hint: t("shoots.complete_hint") }]);
  return ask(t("shoots.complete"), form, t("shoots.complete"), async (values) => {
    await post(`/v1/shoots/${shoot.id}/completion`, values);
    say(t("shoots.completed"));
    return true;
  });
}
