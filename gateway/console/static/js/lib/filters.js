// Filters above a list: each is an element and its part of the query.
import { h } from "./dom.js";
import { today, writeMonth } from "./format.js";
import { bounds } from "./period.js";
import { t } from "./words.js";

const FIRST_YEAR = 2015;
const MONTHS = Array.from({ length: 12 }, (_, at) => String(at + 1).padStart(2, "0"));

// One of `options` ([[value, text]]), or any.
export function choice(name, label, options) {
  const input = select(label, options, label);
  return { element: input, query: () => ({ [name]: input.value }) };
}

export function search(name, label) {
  const input = h("input", { class: "form-control form-control-sm grow", type: "search", placeholder: label, "aria-label": label, maxlength: 100 });
  return { element: input, query: () => ({ [name]: input.value.trim() }) };
}

// A year, a half of it or a month: what begins in it, from midnight to midnight in Shanghai.
export function period() {
  const years = Array.from({ length: +today().slice(0, 4) - FIRST_YEAR + 1 }, (_, at) => String(+today().slice(0, 4) - at));
  const year = select(t("board.year"), years.map((each) => [each, each]), t("period.any"));
  const part = select(t("board.period"), [["-H1", t("period.h1")], ["-H2", t("period.h2")], ...MONTHS.map((each) => [`-${each}`, writeMonth(each)])], t("period.year"));
  part.hidden = true;
  return {
    element: [year, part],
    query() {
      part.hidden = !year.value;
      if (!year.value) return {};
      const { first, last } = bounds(year.value + part.value);
      return { starts_from: `${first}T00:00:00+08:00`, starts_before: midnightAfter(last) };
    },
  };
}

const midnightAfter = (day) => new Date(Date.parse(`${day}T00:00:00+08:00`) + 86_400_000).toISOString();

function select(label, options, any) {
  return h("select", { class: "form-select form-select-sm grow", "aria-label": label }, h("option", { value: "" }, any), options.map(([value, text]) => h("option", { value }, text)));
}
