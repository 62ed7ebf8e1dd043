// Imports: files in, row by row, and what became of every row.
import { badge } from "../articles/view.js";
import { drawBegin } from "../imports/begin.js";
import { drawImport } from "../imports/view.js";
import { h, replace } from "../lib/dom.js";
import { exact, writeMoment } from "../lib/format.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { openPage } from "../lib/shell.js";
import { t } from "../lib/words.js";

openPage("imports", async (page) => {
  const rows = h("div");
  const pane = h("section", { class: "desk-pane", "aria-live": "off" });
  const list = pagedList({ path: "/v1/imports", holder: rows, empty: () => [t("imports.empty"), h("br"), t("list.begin", { what: t("imports.new") })], query: () => ({ dry_run: "false" }), row });
  const fresh = h("a", { class: "btn btn-sm btn-primary w-100", href: "#new" }, `+ ${t("imports.new")}`);
  const desk = h("div", { class: "desk" },
    h("aside", { class: "card desk-list", "aria-label": t("list.label") }, h("div", { class: "desk-filters" }, fresh), h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  page.main.append(desk);
  keys(rows);
  let leave = () => {};

  function begun(one) {
    list.reload();
    location.hash = one.id;
  }

  async function show() {
    leave();
    const id = open();
    desk.classList.toggle("has-pane", Boolean(id));
    for (const each of rows.querySelectorAll(".row-item")) each.setAttribute("aria-current", String(each.dataset.id === id));
    replace(pane);
    leave = !id || id === "new" ? await drawBegin(pane, page.me, begun) : drawImport(pane, id, list.reload);
  }

  addEventListener("hashchange", show);
  list.reload();
  await show();
});

const open = () => location.hash.slice(1);

function keys(rows) {
  walkable(() => [...rows.querySelectorAll(".row-item")], t("imports.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  onKey(["n"], t("imports.new"), () => (location.hash = "new"));
  onKey(["Escape"], t("keys.close"), () => (location.hash = ""));
}

function row(one) {
  return h("a", { class: "row-item", href: `#${one.id}`, dataset: { id: one.id }, "aria-current": String(one.id === open()) },
    h("div", { class: "row-title" }, one.filename || t("imports.nameless")),
    h("div", { class: "row-meta" }, badge("import_state", one.state),
      h("span", {}, t("imports.rows", { n: exact(one.rows.total) })),
      one.rows.rejected > 0 && h("span", { class: "text-red" }, t("imports.rejected_n", { n: exact(one.rows.rejected) })),
      h("span", {}, writeMoment(one.created_at))));
}
