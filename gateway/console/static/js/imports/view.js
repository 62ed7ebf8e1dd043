// One import: how far it is, what the file was taken for, and what became of its rows.
import { badge } from "../articles/view.js";
import { del, get } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { exact, ratio, writeMoment } from "../lib/format.js";
import { pagedList } from "../lib/paged.js";
import { problemBox } from "../lib/problems.js";
import { t, word } from "../lib/words.js";
import { reasonOf } from "./reasons.js";

const POLL_MS = 1000;
const OUTCOMES = ["rejected", "accepted", "repeated"];

export const percentOf = (rows) => ratio(rows.total ? rows.done / rows.total : 1);

// Draws into `pane` and follows the import while it runs; gives what ends that.
export function drawImport(pane, id, ended) {
  const head = h("div");
  const table = rowTable(id);
  let timer = 0;
  let drawn = "";
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "import-title" },
    h("a", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", href: "#" }, `‹ ${t("act.back")}`), head, table.element));
  look();
  return () => clearTimeout(timer);

  async function stop(one) {
    const sure = { element: h("p", { class: "m-0" }, t("imports.stop_sure")), check: () => true, values: () => ({}), blame: () => {} };
    if (!(await ask(t("imports.stop"), sure, t("imports.stop"), () => del(`/v1/imports/${one.id}`), { danger: true }))) return;
    clearTimeout(timer);
    look();
  }

  async function look() {
    try {
      const one = await get(`/v1/imports/${id}`);
      drawHead(head, one, () => stop(one));
      const now = `${one.state} ${one.rows.rejected}`;
      if (now !== drawn) table.reload();
      drawn = now;
      if (one.state === "running") timer = setTimeout(look, POLL_MS);
      else ended();
    } catch (problem) {
      replace(head, problemBox(problem));
      if (problem.status !== 404) timer = setTimeout(look, 5 * POLL_MS);
    }
  }
}

function drawHead(head, one, stop) {
  replace(head,
    h("header", { class: "pane-head" }, h("h1", { id: "import-title" }, one.filename || t("imports.nameless")),
      h("div", { class: "pane-acts" }, one.state === "running" ? h("button", { class: "btn btn-sm btn-outline-danger", onclick: stop }, t("imports.stop"))
        : h("a", { class: "btn btn-sm", href: `/v1/imports/${one.id}/report`, download: true }, t("imports.report")))),
    h("dl", { class: "meta" }, badge("import_state", one.state), one.tables.map((table) => h("div", {}, formatName(table.format), ` · ${t("imports.rows", { n: exact(table.rows) })}`)),
      h("div", {}, t("imports.begun_at", { at: writeMoment(one.created_at) }))),
    progress(one), counts(one));
}

// A bar while rows are being sent, and why they are not when they are not.
export function progress(one) {
  return [
    one.state === "running" && h("progress", { class: "import-progress", max: one.rows.total, value: one.rows.done, "aria-label": t("imports.progress") }),
    one.reason && h("div", { class: `alert alert-${one.state === "failed" ? "danger" : "warning"} mb-2` }, reasonOf({ field: "", reason: one.reason })),
  ];
}

export function counts(one) {
  const names = ["accepted", "repeated", "rejected"];
  const group = one.dry_run ? "import_would" : "import_outcome";
  return [
    h("div", { class: "big-figures" }, names.map((name) => h("div", { dataset: { count: name } }, h("strong", { class: name === "rejected" && one.rows.rejected ? "text-red" : "" }, exact(one.rows[name])), h("span", {}, word(group, name))))),
    one.rows.waiting > 0 && h("div", { class: "alert alert-info mb-3" }, t(one.dry_run ? "imports.would_wait" : "imports.waiting", { n: exact(one.rows.waiting) })),
  ];
}

export const formatName = (name) => word("import_format", name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/_$/, ""));

// The rows of one outcome, page by page: those that need somebody first.
export function rowTable(id) {
  const body = h("tbody");
  const select = h("select", { class: "form-select form-select-sm w-auto", "aria-label": t("field.outcome"), onchange: () => list.reload() },
    OUTCOMES.map((each) => h("option", { value: each }, word("import_outcome", each))));
  const list = pagedList({
    path: `/v1/imports/${id}/rows`, holder: body, query: () => ({ outcome: select.value }), empty: () => t(`imports.no_${select.value}`),
    row: (each) => h("tr", {}, h("td", { class: "row-number" }, each.row), h("td", {}, each.about), h("td", { class: "row-reason" }, reasonOf(each))),
  });
  const element = h("section", { "aria-label": t("imports.row_by_row") },
    h("div", { class: "bar-line mb-2" }, h("h2", { class: "section-title m-0" }, t("imports.row_by_row")), select),
    h("table", { class: "simple import-rows" },
      h("thead", {}, h("tr", {}, ["row", "about", "reason"].map((each) => h("th", { scope: "col" }, t(`imports.head_${each}`))))), body), list.foot);
  return { element, reload: list.reload };
}
