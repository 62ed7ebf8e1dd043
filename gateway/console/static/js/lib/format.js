// Numbers, days and moments as the reader writes them. Days are those of Shanghai, wherever the reader is.
import { language, t } from "./words.js";

const ZONE = "Asia/Shanghai";
const CHINESE = language === "zh-CN";
const plain = new Intl.NumberFormat(language);
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const tenThousands = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const sortable = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const moment = new Intl.DateTimeFormat(language, {
  timeZone: ZONE, year: "numeric", month: CHINESE ? "2-digit" : "short", day: CHINESE ? "2-digit" : "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(language, { timeZone: ZONE, year: "numeric", month: CHINESE ? "long" : "short", day: "numeric" });

export const NOTHING = "—";
export const exact = (value) => plain.format(value);

// 592000 → 59.2 万 / 592,000
export function short(value) {
  return CHINESE && Math.abs(value) >= 10000 ? `${tenThousands.format(value / 10000)} 万` : plain.format(value);
}

export function signed(value, write = short) {
  return value > 0 ? `+${write(value)}` : write(value);
}

export const ratio = (value) => percent.format(value);
export const today = () => sortable.format(new Date());
export const dayOf = (iso) => sortable.format(new Date(iso));
export const writeMoment = (iso) => (iso ? moment.format(new Date(iso)) : NOTHING);
export const writeDay = (text) => (text ? day.format(new Date(text.length === 10 ? `${text}T12:00:00+08:00` : text)) : NOTHING);

const month = new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" });
export const writeMonth = (text) => month.format(new Date(`2021-${text}-15T00:00:00Z`)); // "07" → 七月 / July
const yearMonth = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", timeZone: "UTC" });
export const writeMonthOf = (text) => yearMonth.format(new Date(`${text}-15T00:00:00Z`)); // "2021-07" → 2021年7月 / July 2021

const hours = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clock = (moment) => hours.format(new Date(moment));

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${plain.format(Math.round(count / 1024))} KB`;
  return `${tenThousands.format(count / 1024 / 1024)} MB`;
}

export function ago(seconds) {
  if (seconds < 10) return t("time.seconds", { n: seconds.toFixed(1) });
  if (seconds < 90) return t("time.seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return t("time.minutes", { n: Math.round(seconds / 60) });
  return t("time.hours", { n: Math.round(seconds / 3600) });
}

// The value of an <input type="datetime-local"> is read as Shanghai's clock.
export const fromLocal = (text) => (text ? `${text.length === 16 ? `${text}:00` : text}+08:00` : undefined);

export function toLocal(iso) {
  if (!iso) return "";
  return `${dayOf(iso)}T${clock(iso)}`;
}
