// A desk: a list with filters at the left, the one that the address names at the right.
import { debounce, h, replace } from "./dom.js";
import { onKey, walkable } from "./keys.js";
import { pagedList } from "./paged.js";
import { complain, problemBox } from "./problems.js";
import { t } from "./words.js";

// path, filters, empty: of the list. row(item): its words, title first. draw(pane, id, desk): fills the pane, and may give
// a function that ends what it began. add: {label, make(): gives the new one or null}. above: what stands over the rows.
export function makeDesk(page, { path, filters = [], fixed = {}, row, empty, what, draw, add, above, onpage, ask }) {
  const rows = h("div");
  const pane = h("section", { class: "desk-pane", "aria-live": "off" });
  const open = () => location.hash.slice(1);
  const items = () => [...rows.querySelectorAll(".row-item")];
  const query = () => Object.assign({}, fixed, ...filters.map((each) => each.query()));
  const list = pagedList({ path, holder: rows, query, empty: () => empty, onpage, row: line, ask });
  const bar = h("div", { class: "desk-filters", oninput: debounce((event) => event.target.matches("input, select") && list.reload(), 250) },
    add && h("button", { class: "btn btn-sm btn-primary w-100", onclick: make }, `+ ${add.label}`), filters.map((each) => each.element));
  const element = h("div", { class: "desk" },
    h("aside", { class: "card desk-list", "aria-label": t("list.label") }, bar, above, h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  const desk = { element, changed, open, go: (id) => (location.hash = id) };
  const title = document.title;
  let end = null;
  page.main.append(element);
  walkable(items, what);
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  if (add) onKey(["n"], add.label, make);
  onKey(["Escape"], t("keys.close"), () => desk.go(""));

  function line(item) {
    const [title, ...meta] = row(item);
    return h("a", { class: "row-item", href: `#${item.id}`, dataset: { id: item.id }, "aria-current": String(item.id === open()), vars: item.depth ? { "--depth": item.depth } : {} },
      h("div", { class: "row-title" }, title), h("div", { class: "row-meta" }, meta.filter(Boolean).map((each) => (each instanceof Node ? each : h("span", {}, each)))));
  }

  async function make() {
    try {
      const made = await add.make();
      if (!made) return;
      list.reload();
      desk.go(made.id);
    } catch (problem) {
      complain(problem);
    }
  }

  async function show() {
    end?.();
    end = null;
    const id = open();
    element.classList.toggle("has-pane", Boolean(id));
    for (const each of items()) each.setAttribute("aria-current", String(each.dataset.id === id));
    document.title = title;
    if (!id) return replace(pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
    try {
      const ends = await draw(pane, id, desk);
      document.title = [pane.querySelector("h1")?.textContent, title].filter(Boolean).join(" · ");
      if (id === open()) end = ends;
      else ends?.();
    } catch (problem) {
      replace(pane, back(), problemBox(problem));
    }
  }

  // The one shown, or the list, is no longer as it was; `again`: the one shown is drawn anew too.
  function changed(again = true) {
    list.reload();
    if (again) show();
  }

  addEventListener("hashchange", show);
  list.reload();
  show();
  return desk;
}

// The way back to the list where only one of both is seen.
export const back = () => h("a", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", href: "#" }, `‹ ${t("act.back")}`);

// A row of buttons; what one of them does may be refused, and is then said. acts: [shown, label, work, look]
export function buttons(acts, changed) {
  const run = (work) => async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      if (await work()) changed();
    } catch (problem) {
      complain(problem);
    } finally {
      button.disabled = false;
    }
  };
  return h("div", { class: "pane-acts" }, acts.filter(([shown]) => shown).map(([, label, work, look = ""]) => h("button", { class: `btn btn-sm ${look}`, onclick: run(work) }, label)));
}

export const big = (label, value) => h("div", {}, h("strong", {}, value), h("span", {}, label));
export const fact = (term, ...what) => h("div", {}, h("dt", {}, term), h("dd", {}, what));
