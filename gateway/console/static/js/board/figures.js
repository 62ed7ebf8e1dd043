// How a figure is written: its number, how far it may be trusted, and what it covers.
import { NOTHING, dayOf, exact, ratio, short, signed, today, writeDay } from "../lib/format.js";
import { t, word } from "../lib/words.js";
import { bounds } from "../lib/period.js";

export const COLUMNS = [
  "news_published", "wechat_posts", "net_follower_growth", "view_count", "char_count", "on_time_ratio",
  "shoots", "photos_delivered", "live_streams", "training_sessions", "attendance_count",
];

export const CHANNEL_KINDS = ["website", "wechat_oa", "douyin", "bilibili", "other"];

export const isRatio = (figure) => "denominator" in figure;

export function writeValue(name, figure, number = short) {
  if (!figure || figure.value === null) return NOTHING;
  if (isRatio(figure)) return ratio(figure.value);
  return name === "net_follower_growth" ? signed(figure.value, number) : number(figure.value);
}

export const mark = (figure) => ({ at_least: "≥", rounded: "≈" })[figure?.precision] ?? "";

// Whether the number stands for less than the asked days, as far as they have come.
export function isPartial(figure, period, asOf) {
  if (!figure) return false;
  const { first, last } = bounds(period);
  const now = asOf ? dayOf(asOf) : today();
  return figure.coverage.from > first || figure.coverage.to < (last < now ? last : now);
}

export const writeCoverage = (figure) => t("cell.covers", { from: writeDay(figure.coverage.from), to: writeDay(figure.coverage.to) });
export const writeRange = (figure) => t("cell.range", { from: writeDay(figure.coverage.from), to: writeDay(figure.coverage.to) });
export const writePrecision = (figure) => word("precision", figure.precision);
export const unitOf = (name, figure, n) => word("measure", name) === name ? (figure?.unit ?? "") : word("measure", name, n);

// What each kind of channel adds to a total: "公众号 +4,724", "抖音 ≥+2,136".
export const byKind = (kinds, name) => CHANNEL_KINDS.filter((kind) => kinds[kind]?.figures[name])
  .map((kind) => `${word("channel_kind", kind)} ${mark(kinds[kind].figures[name])}${writeValue(name, kinds[kind].figures[name])}`);

// Everything about a cell in one sentence, for those who do not see colours and lines.
export function describe(who, name, figure, period, asOf) {
  if (!figure) return `${who} · ${word("figure", name)}${t("colon")}${t("cell.nothing")}`;
  const parts = [`${who} · ${word("figure", name)}${t("colon")}${mark(figure)}${writeValue(name, figure, exact)}${isRatio(figure) ? "" : ` ${unitOf(name, figure, figure.value)}`}`];
  if (figure.precision !== "exact") parts.push(writePrecision(figure));
  if (isPartial(figure, period, asOf)) parts.push(writeCoverage(figure));
  return parts.join(" · ");
}
