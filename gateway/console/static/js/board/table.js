// The matrix as a table: units down, figures across; colour compares within a column.
import { h, replace } from "../lib/dom.js";
import { NOTHING } from "../lib/format.js";
import { spark } from "../lib/spark.js";
import { t, word } from "../lib/words.js";
import { CHANNEL_KINDS, COLUMNS, describe, isPartial, isRatio, mark, unitOf, writeValue } from "./figures.js";

export class Board {
  // told: {open(row, name)}: a cell was chosen
  constructor(holder, told) {
    this.holder = holder;
    this.told = told;
    this.sorted = null;
    this.opened = new Set(["totals"]);
    this.selected = "";
    this.months = null;
  }

  // Draws an answer; cells whose number differs from the last one drawn flash when `flash` is set.
  draw(answer, state, flash = false) {
    const before = flash && this.answer ? numbers(this.answer) : null;
    [this.answer, this.state] = [answer, state];
    this.#render();
    if (!before) return [];
    const changed = [...numbers(answer)].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
    for (const key of changed) this.#find(key)?.classList.add("flash");
    return changed;
  }

  // months: [{month, answer | null}]
  trends(months) {
    this.months = months;
    if (this.answer) this.#render();
  }

  select(key) {
    this.selected = key;
    for (const cell of this.holder.querySelectorAll(".cell[aria-pressed=true]")) cell.setAttribute("aria-pressed", "false");
    this.#find(key)?.setAttribute("aria-pressed", "true");
  }

  rows() {
    return [...this.holder.querySelectorAll("tbody tr")];
  }

  get trending() {
    return this.sorted || this.columns[0];
  }

  get columns() {
    const there = new Set([this.answer.totals.figures, ...this.answer.units.map((unit) => unit.figures)].flatMap(Object.keys));
    const more = [...there].filter((name) => !COLUMNS.includes(name));
    return this.state.kind && there.size ? [...COLUMNS.filter((name) => there.has(name)), ...more] : [...COLUMNS, ...more];
  }

  #render() {
    const focus = document.activeElement?.dataset?.key || document.activeElement?.dataset?.row || document.activeElement?.dataset?.sort;
    const scroll = [this.holder.scrollLeft, this.holder.scrollTop];
    const columns = this.columns;
    const tops = new Map(columns.map((name) => [name, Math.max(...this.answer.units.map((unit) => Math.abs(unit.figures[name]?.value ?? 0)), 0)]));
    const units = this.#inOrder();
    replace(this.holder, h("table", { class: "board", role: "table" },
      h("caption", { class: "visually-hidden" }, t("board.caption")),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
        h("th", { scope: "col", role: "columnheader", class: "col-unit" }, t("board.unit_head")),
        this.months && h("th", { scope: "col", role: "columnheader", class: "col-trend" }, t("board.trend"), h("span", { class: "measure" }, word("figure", this.trending))),
        columns.map((name) => this.#head(name)))),
      h("tbody", { role: "rowgroup" }, units.map((unit) => this.#unit(unit, columns, tops))),
      h("tfoot", { role: "rowgroup" }, this.#totals(columns))));
    [this.holder.scrollLeft, this.holder.scrollTop] = scroll;
    if (focus) this.#find(focus)?.focus({ preventScroll: true });
    if (this.selected) this.select(this.selected);
  }

  #find(key) {
    return this.holder.querySelector(`[data-key="${CSS.escape(key)}"], [data-row="${CSS.escape(key)}"], [data-sort="${CSS.escape(key)}"]`);
  }

  #inOrder() {
    if (!this.sorted) return this.answer.units;
    const value = (unit) => unit.figures[this.sorted]?.value ?? -Infinity;
    return [...this.answer.units].sort((one, other) => value(other) - value(one));
  }

  #head(name) {
    const on = this.sorted === name;
    return h("th", { scope: "col", role: "columnheader", "aria-sort": on ? "descending" : "none" },
      h("button", {
        class: "sort", title: t("board.sort", { figure: word("figure", name) }), dataset: { sort: `sort-${name}` },
        onclick: () => {
          this.sorted = on ? null : name;
          this.#render();
        },
      }, word("figure", name), on && h("span", { "aria-hidden": "true" }, " ↓")),
      h("span", { class: "measure" }, unitOf(name, this.answer.totals.figures[name])));
  }

  #unit(unit, columns, tops) {
    const open = this.opened.has(unit.id);
    const toggle = () => {
      this.opened[open ? "delete" : "add"](unit.id);
      this.#render();
    };
    const row = h("tr", { role: "row", tabindex: "-1", dataset: { row: unit.id } },
      h("th", { scope: "row", role: "rowheader", class: "col-unit" },
        unit.channels.length ? h("button", { class: "fold", "aria-expanded": String(open), title: t("board.channels", { n: unit.channels.length }), onclick: toggle, dataset: { key: `fold-${unit.id}` } },
          h("span", { class: "chevron", "aria-hidden": "true" }), h("span", { class: "unit-name" }, unit.name)) : h("span", { class: "unit-name fold" }, unit.name)),
      this.months && this.#trend(unit.name, (answer) => answer.units.find((each) => each.id === unit.id)?.figures),
      columns.map((name) => this.#cell({ id: unit.id, name: unit.name, figures: unit.figures }, name, tops.get(name))));
    row.addEventListener("keydown", (event) => {
      if (event.target === row && event.key === "Enter") row.querySelector(".cell:not(:disabled)")?.click();
      if (event.target === row && event.key === "ArrowRight") row.querySelector(".cell")?.focus();
    });
    return open ? [row, ...unit.channels.map((channel) => this.#channel(unit, channel, columns))] : [row];
  }

  #channel(unit, channel, columns) {
    return h("tr", { role: "row", class: "channel", tabindex: "-1" },
      h("th", { scope: "row", role: "rowheader", class: "col-unit" },
        h("span", { class: "channel-name" }, channel.name, h("span", { class: "text-secondary" }, ` ${word("channel_kind", channel.kind)}${channel.status && channel.status !== "active" ? ` · ${word("channel_status", channel.status)}` : ""}`))),
      this.months && this.#trend(channel.name, (answer) => answer.units.find((each) => each.id === unit.id)?.channels.find((each) => each.id === channel.id)?.figures),
      columns.map((name) => this.#cell({ id: `${unit.id}/${channel.id}`, name: `${unit.name} · ${channel.name}`, figures: channel.figures }, name, 0)));
  }

  // All units together, and below that each kind of channel by itself: people who follow are never the same on two platforms.
  #totals(columns) {
    const { figures, kinds } = this.answer.totals;
    const there = CHANNEL_KINDS.filter((kind) => kinds[kind]);
    const open = this.opened.has("totals");
    const toggle = () => {
      this.opened[open ? "delete" : "add"]("totals");
      this.#render();
    };
    const head = there.length > 1 ? h("button", { class: "fold", "aria-expanded": String(open), title: t("board.by_kind"), onclick: toggle, dataset: { key: "fold-totals" } },
      h("span", { class: "chevron", "aria-hidden": "true" }), h("span", { class: "unit-name" }, t("board.totals"))) : t("board.totals");
    const rows = open && there.length > 1 ? there : [];
    return [this.#sum({ id: "totals", name: t("board.totals"), figures }, head, columns, (answer) => answer.totals.figures),
      rows.map((kind) => this.#sum({ id: `kind/${kind}`, name: `${t("board.totals")} · ${word("channel_kind", kind)}`, figures: kinds[kind].figures },
        h("span", { class: "channel-name" }, word("channel_kind", kind)), columns, (answer) => answer.totals.kinds[kind]?.figures, "by-kind"))];
  }

  #sum(row, head, columns, pick, look = "") {
    return h("tr", { role: "row", class: look }, h("th", { scope: "row", role: "rowheader", class: "col-unit" }, head),
      this.months && this.#trend(row.name, pick), columns.map((name) => this.#cell(row, name, 0)));
  }

  #trend(who, pick) {
    const name = this.trending;
    const values = this.months.map(({ answer }) => (answer ? (pick(answer)?.[name]?.value ?? null) : null));
    const nothing = values.every((value) => value === null);
    return h("td", { role: "cell", class: "col-trend" }, nothing ? h("span", { class: "none" }, NOTHING)
      : spark(values, `${who} · ${word("figure", name)} · ${t("board.by_month")}`));
  }

  #cell(row, name, top) {
    const figure = row.figures[name];
    const { period, asOf } = this.state;
    const label = { role: "cell", "data-label": word("figure", name) };
    if (!figure) return h("td", { ...label, class: "is-none" }, h("span", { class: "none", title: t("cell.nothing") }, NOTHING));
    const heat = top > 0 ? (isRatio(figure) ? Math.max(0, (figure.value ?? 0) - 0.5) * 2 : Math.abs(figure.value) / top) : 0;
    const said = describe(row.name, name, figure, period, asOf);
    return h("td", label, h("button", {
      class: "cell", dataset: { key: `${row.id}|${name}` }, vars: { "--heat": heat.toFixed(3) }, title: said, "aria-label": said, "aria-pressed": "false",
      onclick: () => this.told.open(row, name),
    }, h("span", { class: isPartial(figure, period, asOf) ? "partial" : "" }, mark(figure) && h("span", { class: "mark-precision" }, mark(figure)), writeValue(name, figure))));
  }
}

function numbers(answer) {
  const found = new Map();
  const take = (id, figures) => Object.entries(figures).forEach(([name, figure]) => found.set(`${id}|${name}`, figure.value));
  take("totals", answer.totals.figures);
  for (const unit of answer.units) {
    take(unit.id, unit.figures);
    for (const channel of unit.channels) take(`${unit.id}/${channel.id}`, channel.figures);
  }
  return found;
}
