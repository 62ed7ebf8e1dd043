// The drawer: what one number is, and the facts it is made of.
import { get, withQuery } from "../lib/api.js";
import { bars } from "../lib/chart.js";
import { h, replace } from "../lib/dom.js";
import { exact, ratio, short, signed, writeDay, writeMoment } from "../lib/format.js";
import { problemBox } from "../lib/problems.js";
import { channelNames, unitNames } from "../lib/things.js";
import { language, t, word } from "../lib/words.js";
import { byKind, describe, isPartial, isRatio, mark, unitOf, writePrecision, writeRange, writeValue } from "./figures.js";

const PAGES = { articles: (id) => `/articles#${id}`, reviews: (id) => `/reviews#${id}`, shoots: (id) => `/shoots#${id}`, "live-streams": (id) => `/live#${id}`, "training-sessions": (id) => `/training#${id}` };
let definitions = null;

export class Drawer {
  constructor(told) {
    this.told = told;
    this.element = h("aside", { class: "drawer", "aria-label": t("drawer.label"), hidden: true });
    this.asked = 0;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.back?.isConnected && this.back.focus();
    this.told.closed();
  }

  // pick(answer) → the figures of the same row in another month's answer; kinds: the parts by kind of channel, if it has any
  show(row, name, state, months, pick, kinds = {}) {
    const figure = row.figures[name];
    if (!this.isOpen) this.back = document.activeElement;
    const mine = (this.asked += 1);
    const meaning = h("div", { class: "text-secondary small" });
    const chart = h("div", { class: "drawer-chart" });
    const facts = h("ol", { class: "facts" });
    const foot = h("div", { class: "list-foot" });
    this.element.hidden = false;
    replace(this.element,
      h("header", { class: "drawer-head" },
        h("div", {}, h("div", { class: "text-secondary small" }, row.name), h("h2", { class: "h3 m-0", tabindex: "-1" }, word("figure", name))),
        h("button", { class: "btn-close", "aria-label": t("act.close"), title: "Esc", onclick: () => this.close() })),
      h("p", { class: "drawer-value", title: describe(row.name, name, figure, state.period, state.asOf) },
        h("span", { class: isPartial(figure, state.period, state.asOf) ? "partial" : "" }, mark(figure), writeValue(name, figure, exact)),
        !isRatio(figure) && h("span", { class: "tile-unit" }, unitOf(name, figure, figure.value))),
      this.#about(name, figure, state, meaning, kinds),
      months && months.length > 1 && chart,
      h("h3", { class: "h4 mt-3 mb-2" }, t("drawer.facts")), facts, foot);
    this.element.scrollTop = 0;
    this.element.querySelector("h2").focus({ preventScroll: true });
    this.#define(name, figure, meaning);
    if (months && months.length > 1) this.#chart(chart, name, months, pick, row.name);
    this.#facts(figure.href, facts, foot, () => mine === this.asked, name, row.id);
  }

  #about(name, figure, state, meaning, kinds) {
    const line = (term, ...what) => [h("dt", {}, term), h("dd", {}, what)];
    return [h("dl", { class: "about" },
      line(t("drawer.precision"), writePrecision(figure)),
      line(t("drawer.coverage"), h("span", { class: isPartial(figure, state.period, state.asOf) ? "partial" : "" }, writeRange(figure))),
      figure.precision === "at_least" && line(t("drawer.why"), t("drawer.at_least")),
      byKind(kinds, name).length > 1 && line(t("drawer.by_kind"), byKind(kinds, name).map((part) => h("div", {}, part))),
      isRatio(figure) && line(t("drawer.parts"), t("cell.parts", { some: exact(figure.numerator), of: exact(figure.denominator) })),
      line(t("drawer.definition"), figure.definition === null ? t("drawer.undefined") : t("admin.version", { n: figure.definition })),
      state.asOf && line(t("board.as_of"), writeMoment(state.asOf))), meaning];
  }

  async #define(name, figure, meaning) {
    try {
      definitions ??= get("/v1/figures");
      const found = (await definitions).items.find((each) => each.name === name);
      if (!found) return;
      replace(meaning, language === "zh-CN" ? found.meaning_zh : found.meaning_en,
        found.covered_from && h("div", {}, t("drawer.covered_from", { day: writeDay(found.covered_from) })));
    } catch {
      definitions = null; // the number stands without its sentence; the next opening asks again
    }
  }

  #chart(el, name, months, pick, who) {
    const points = months.map(({ month, answer }) => ({ label: String(+month.slice(5)), value: answer ? (pick(answer)?.[name]?.value ?? null) : null }));
    const percent = name === "on_time_ratio";
    bars(el, points, { write: percent ? ratio : short, percent, description: `${who} · ${word("figure", name)} · ${t("board.by_month")}` }).catch(() => el.remove());
  }

  async #facts(href, list, foot, wanted, name, row, cursor) {
    replace(foot, h("span", { class: "text-secondary", role: "status" }, t("list.loading")));
    try {
      const [page, channels, units] = await Promise.all([get(withQuery(href, { limit: 30, cursor })), channelNames().catch(() => new Map()), unitNames().catch(() => new Map())]);
      if (!wanted()) return;
      list.append(...page.items.map((fact) => this.#fact(fact, name, channels, row === "totals" ? units.get(fact.unit_id) : "")));
      replace(foot, page.next ? h("button", { class: "btn btn-sm", onclick: () => this.#facts(href, list, foot, wanted, name, row, page.next) }, t("list.more"))
        : h("span", { class: "text-secondary small" }, t("list.all", { n: list.childElementCount })));
    } catch (problem) {
      if (wanted()) replace(foot, problemBox(problem));
    }
  }

  #fact(fact, name, channels, unit) {
    const [, , group, id] = fact.href.split("/");
    const page = PAGES[group]?.(id);
    const title = fact.label || channels.get(id) || word("thing", group);
    const value = name === "on_time_ratio" ? t(fact.value ? "fact.on_time" : "fact.late")
      : fact.baseline ? t("fact.baseline") : name === "net_follower_growth" || fact.correction || name === "view_count" ? signed(fact.value, exact) : exact(fact.value);
    return h("li", {},
      h("div", { class: "fact-line" }, page ? h("a", { href: page }, title) : h("span", {}, title),
        h("span", { class: `fact-value${name === "on_time_ratio" && !fact.value ? " text-red" : ""}` }, value)),
      h("div", { class: "text-secondary small" },
        [writeMoment(fact.occurred_at), word("service", fact.source), fact.channel_id && group !== "channels" && channels.get(fact.channel_id), unit, fact.correction && t("fact.correction")].filter(Boolean).join(" · ")),
      h("div", { class: "text-secondary fact-recorded" }, t("fact.recorded", { at: writeMoment(fact.recorded_at) })));
  }
}
