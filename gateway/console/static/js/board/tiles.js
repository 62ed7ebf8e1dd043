// The figures one asks for first, large.
import { h, replace } from "../lib/dom.js";
import { exact } from "../lib/format.js";
import { spark } from "../lib/spark.js";
import { t, word } from "../lib/words.js";
import { byKind, describe, isPartial, isRatio, mark, unitOf, writeCoverage, writePrecision, writeValue } from "./figures.js";

const TILES = ["news_published", "wechat_posts", "net_follower_growth", "view_count", "on_time_ratio", "photos_delivered"];

export function drawTiles(holder, answer, state, months, open) {
  const figures = answer.totals.figures;
  const row = { id: "totals", name: t("board.totals"), figures };
  replace(holder, TILES.map((name) => {
    const figure = figures[name];
    const values = months?.map(({ answer: one }) => one?.totals.figures[name]?.value ?? null);
    return h("button", { class: "tile", disabled: !figure, onclick: () => open(row, name), dataset: { tile: name }, "aria-label": describe(row.name, name, figure, state.period, state.asOf) },
      h("span", { class: "tile-name" }, word("figure", name)),
      h("span", { class: "tile-value" },
        h("span", { class: isPartial(figure, state.period, state.asOf) ? "partial" : "" }, mark(figure), writeValue(name, figure)),
        figure && !isRatio(figure) && h("span", { class: "tile-unit" }, unitOf(name, figure, figure.value))),
      h("span", { class: "tile-foot" }, note(name, figure, state, answer.totals.kinds)),
      values?.some((value) => value !== null) && spark(values, `${word("figure", name)} · ${t("board.by_month")}`));
  }));
}

function note(name, figure, { period, asOf }, kinds) {
  if (!figure) return t("cell.nothing");
  if (isRatio(figure)) return t("cell.parts", { some: exact(figure.numerator), of: exact(figure.denominator) });
  // People who follow are counted channel by channel: the sum over platforms alone would mislead.
  const split = name === "net_follower_growth" ? byKind(kinds, name) : [];
  if (split.length > 1) return t("tile.every_platform") + split.join(" · ");
  if (figure.precision !== "exact") return writePrecision(figure);
  if (isPartial(figure, period, asOf)) return writeCoverage(figure);
  return t("cell.exact");
}
