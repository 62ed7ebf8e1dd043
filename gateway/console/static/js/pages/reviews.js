// The review desk: what waits, longest first, and one text at a time.
import { badge } from "../articles/view.js";
import { h, replace } from "../lib/dom.js";
import { writeMoment } from "../lib/format.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { problemBox } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { showCase, summary } from "../reviews/case.js";

const STATUSES = ["open", "approved", "changes_requested", "rejected", "closed"];

openPage("reviews", async (page) => {
  const units = await unitNames();
  const rows = h("div");
  const pane = h("section", { class: "desk-pane" });
  const status = h("select", { class: "form-select form-select-sm grow", "aria-label": t("field.status"), onchange: () => list.reload() }, STATUSES.map((each) => h("option", { value: each }, word("case_status", each))), h("option", { value: "" }, t("form.any")));
  const unit = h("select", { class: "form-select form-select-sm grow", "aria-label": t("field.unit_id"), onchange: () => list.reload() }, h("option", { value: "" }, t("field.unit_id")), (await unitOptions(page.me)).map(([value, text]) => h("option", { value }, text)));
  let next = null; // the case after the decided one
  const list = pagedList({
    path: "/v1/reviews", holder: rows, query: () => ({ status: status.value, unit_id: unit.value }), empty: () => t(status.value === "open" ? "reviews.empty" : "reviews.empty_other"),
    row: (found) => h("a", { class: "row-item", href: `#${found.id}`, dataset: { id: found.id }, "aria-current": String(found.id === open()) },
      h("div", { class: "row-title" }, found.title),
      h("div", { class: "row-meta" },
        found.blocking > 0 ? h("span", { class: "badge badge-blocking" }, t("reviews.blocking", { n: found.blocking })) : h("span", { class: `badge ${found.findings ? "badge-warning" : "badge-hint"}` }, summary(found.findings, 0)),
        status.value === "" && badge("case_status", found.status),
        h("span", {}, units.get(found.unit_id) || ""), h("span", {}, word("article_kind", found.kind)), h("span", {}, writeMoment(found.submitted_at)),
        found.claimed_by && found.status === "open" && h("span", {}, t(found.claimed_by === page.me.id ? "reviews.mine" : "reviews.other")))),
  });
  const desk = h("div", { class: "desk" }, h("aside", { class: "card desk-list" }, h("div", { class: "desk-filters" }, status, unit), h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  page.main.append(desk);

  const items = () => [...rows.querySelectorAll(".row-item")];
  const open = () => location.hash.slice(1);
  let acts = null;
  walkable(items, t("reviews.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  onKey(["a"], t("reviews.approve"), () => acts?.decide("approve"));
  onKey(["r"], t("reviews.request_changes"), () => acts?.decide("request_changes"));
  onKey(["x"], t("reviews.reject"), () => acts?.decide("reject"));
  onKey(["c"], t("reviews.claim"), () => acts?.claim());
  onKey(["n", "p"], t("keys.next_finding"), (event) => acts?.step(event.key === "n" ? 1 : -1));
  onKey(["Escape"], t("keys.close"), () => (location.hash = ""));

  async function show() {
    const id = open();
    acts = null;
    desk.classList.toggle("has-pane", Boolean(id));
    for (const row of items()) row.setAttribute("aria-current", String(row.dataset.id === id));
    if (!id) return replace(pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
    try {
      acts = await showCase(pane, page, id, { changed, back: () => (location.hash = "") });
    } catch (problem) {
      replace(pane, problemBox(problem));
    }
  }

  async function changed(decided) {
    if (decided) {
      const at = items().findIndex((row) => row.dataset.id === open());
      next = (items()[at + 1] || items()[at - 1])?.dataset.id || "";
    }
    await list.reload();
    if (decided && status.value === "open" && next !== open()) location.hash = next;
    else show();
  }

  addEventListener("hashchange", show);
  list.reload();
  await show();
});
