// A desk: a list with filters at the left, the one that the address names at the right.
import { debounce, h, replace } from "./dom.js";
import { onKey, walkable } from "./keys.js";
import { pagedList } from "./paged.js";
import { complain, problemBox } from "./problems.js";
import { t } from "./words.js";

// path, filters, empty(): of the list. row(item): its words, title first. draw(pane, id, desk): fills the pane, and may give
// a function that ends what it began. add: {label, make(): gives the new one or null}. above: what stands over the rows.
export const makeDesk = (page, told) => new Desk(page, told);

class Desk {
  constructor(page, told) {
    this.told = told;
    this.rows = h("div");
    this.pane = h("section", { class: "desk-pane", "aria-live": "off" });
    this.title = document.title;
    this.end = null;
    const { path, filters = [], empty, add, onpage, ask } = told;
    const query = () => Object.assign({}, ...filters.map((each) => each.query()));
    const unfiltered = JSON.stringify(query());
    const nothing = () => (JSON.stringify(query()) === unfiltered ? [empty(), add && [h("br"), t("list.begin", { what: add.label })]] : t("list.none_fits"));
    this.list = pagedList({ path, holder: this.rows, query, empty: nothing, onpage, row: (item) => this.#line(item), ask });
    this.element = this.#frame(filters);
    page.main.append(this.element);
    this.#keys();
    addEventListener("hashchange", () => this.#show());
    this.list.reload();
    this.#show();
  }

  open = () => location.hash.slice(1);

  go = (id) => (location.hash = id);

  items = () => [...this.rows.querySelectorAll(".row-item")];

  // The one shown, or the list, is no longer as it was; `again`: the one shown is drawn anew too.
  changed = (again = true) => {
    this.list.reload();
    if (again) this.#show();
  };

  #frame(filters) {
    const { add, above } = this.told;
    const bar = h("div", { class: "desk-filters", oninput: debounce((event) => event.target.matches("input, select") && this.list.reload(), 250) },
      add && h("button", { class: "btn btn-sm btn-primary w-100", onclick: () => this.#make() }, `+ ${add.label}`), filters.map((each) => each.element));
    return h("div", { class: "desk" },
      h("aside", { class: "card desk-list", "aria-label": t("list.label") }, bar, above, h("div", { class: "desk-rows" }, this.rows, this.list.foot)), this.pane);
  }

  #keys() {
    const { add, what } = this.told;
    walkable(this.items, what);
    onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
    if (add) onKey(["n"], add.label, () => this.#make());
    onKey(["Escape"], t("keys.close"), () => this.go(""));
  }

  #line(item) {
    const [title, ...meta] = this.told.row(item);
    return h("a", { class: "row-item", href: `#${item.id}`, dataset: { id: item.id }, "aria-current": String(item.id === this.open()), vars: item.depth ? { "--depth": item.depth } : {} },
      h("div", { class: "row-title" }, title), h("div", { class: "row-meta" }, meta.filter(Boolean).map((each) => (each instanceof Node ? each : h("span", {}, each)))));
  }

  async #make() {
    try {
      const made = await this.told.add.make();
      if (!made) return;
      this.list.reload();
      this.go(made.id);
    } catch (problem) {
      complain(problem);
    }
  }

  // Whoever closed one stands on it in the list, as before.
  #close(row) {
    replace(this.pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
    if (document.activeElement === document.body) row?.focus();
  }

  async #show() {
    this.end?.();
    this.end = null;
    const id = this.open();
    const left = this.items().find((each) => each.getAttribute("aria-current") === "true");
    this.element.classList.toggle("has-pane", Boolean(id));
    for (const each of this.items()) each.setAttribute("aria-current", String(each.dataset.id === id));
    document.title = this.title;
    if (!id) return this.#close(left);
    try {
      const ends = await this.told.draw(this.pane, id, this);
      document.title = [this.pane.querySelector("h1")?.textContent, this.title].filter(Boolean).join(" · ");
      if (id === this.open()) this.end = ends;
      else ends?.();
    } catch (problem) {
      replace(this.pane, back(), problemBox(problem));
    }
  }
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
