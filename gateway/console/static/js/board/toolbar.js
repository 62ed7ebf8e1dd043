// What the board is asked for: period, as-of, kind.
import { h, replace } from "../lib/dom.js";
import { fromLocal, toLocal, today, writeDay, writeMonth, writeMonthOf } from "../lib/format.js";
import { CHANNEL_KINDS } from "./figures.js";
import { t, word } from "../lib/words.js";
import { bounds, shapeOf } from "../lib/period.js";

const SHAPES = ["year", "h1", "h2", "month", "custom"];
const UNITS = ["office", "department", "college", "campus"];

// change(partial state)
export function drawToolbar(holder, state, change) {
  const shape = shapeOf(state.period);
  const { first, last } = bounds(state.period);
  const year = shape === "custom" ? +last.slice(0, 4) : +state.period.slice(0, 4);
  const turn = {
    year: () => `${year}`, h1: () => `${year}-H1`, h2: () => `${year}-H2`,
    month: () => `${year}-${shape === "month" ? state.period.slice(5) : first.slice(5, 7)}`, custom: () => `${first}..${last}`,
  };
  const ofYear = (other) => shape === "custom" ? `${other}` : `${other}${state.period.slice(4)}`;
  const years = Array.from({ length: +today().slice(0, 4) - 2014 }, (_, at) => 2015 + at);
  if (!years.includes(year)) years.push(year);
  replace(holder,
    h("h1", { class: "title" }, title(shape, year, state.period, first, last)),
    h("div", { class: "asked" },
      h("div", { class: "btn-group", role: "group", "aria-label": t("board.period") },
        h("button", { class: "btn btn-sm", "aria-label": t("board.year_before"), title: t("board.year_before"), onclick: () => change({ period: ofYear(year - 1) }) }, "‹"),
        h("select", { class: "form-select form-select-sm year", "aria-label": t("board.year"), value: null, onchange: (event) => change({ period: ofYear(event.target.value) }) },
          years.sort().reverse().map((each) => h("option", { value: each, selected: each === year }, each))),
        h("button", { class: "btn btn-sm", "aria-label": t("board.year_after"), title: t("board.year_after"), onclick: () => change({ period: ofYear(year + 1) }) }, "›")),
      h("div", { class: "btn-group", role: "group", "aria-label": t("board.period") },
        SHAPES.map((each) => h("button", { class: `btn btn-sm${each === shape ? " btn-primary" : ""}`, "aria-pressed": String(each === shape), onclick: () => change({ period: turn[each]() }) }, t(`period.${each}`)))),
      shape === "month" && h("select", { class: "form-select form-select-sm w-auto", "aria-label": t("period.month"), onchange: (event) => change({ period: `${year}-${event.target.value}` }) },
        Array.from({ length: 12 }, (_, at) => String(at + 1).padStart(2, "0")).map((month) => h("option", { value: month, selected: state.period.slice(5) === month }, writeMonth(month)))),
      shape === "custom" && customRange(first, last, change),
      h("select", { class: "form-select form-select-sm w-auto", "aria-label": t("board.kind"), onchange: (event) => change({ kind: event.target.value }) },
        h("option", { value: "" }, t("board.kind_all")),
        h("optgroup", { label: t("board.kind_units") }, UNITS.map((kind) => h("option", { value: kind, selected: state.kind === kind }, word("unit_kind", kind)))),
        h("optgroup", { label: t("board.kind_channels") }, CHANNEL_KINDS.map((kind) => h("option", { value: kind, selected: state.kind === kind }, word("channel_kind", kind))))),
      asOf(state, change)));
}

function title(shape, year, period, first, last) {
  if (shape === "custom") return `${writeDay(first)} – ${writeDay(last)}`;
  if (shape === "month") return writeMonthOf(period);
  return t(`title.${shape}`, { year });
}

function customRange(first, last, change) {
  const from = h("input", { class: "form-control form-control-sm w-auto", type: "date", value: first, "aria-label": t("board.from") });
  const to = h("input", { class: "form-control form-control-sm w-auto", type: "date", value: last, "aria-label": t("board.to") });
  const send = () => from.value && to.value && from.value <= to.value && change({ period: `${from.value}..${to.value}` });
  from.addEventListener("change", send);
  to.addEventListener("change", send);
  return h("span", { class: "range" }, from, "–", to);
}

function asOf(state, change) {
  const input = h("input", { class: "form-control form-control-sm", type: "datetime-local", value: toLocal(state.asOf), id: "as-of", max: `${today()}T23:59`, onchange: (event) => change({ asOf: fromLocal(event.target.value) || "" }) });
  return h("div", { class: "as-of" }, h("label", { for: "as-of", class: "text-secondary" }, t("board.as_of")), input,
    state.asOf ? h("button", { class: "btn btn-sm", onclick: () => change({ asOf: "" }) }, t("board.now")) : h("span", { class: "text-secondary only-wide" }, t("board.is_now")));
}
