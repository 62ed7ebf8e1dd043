// Periods of the Shanghai calendar: 2021, 2021-H1, 2021-07, 2021-03-01..2021-04-30.

const two = (n) => String(n).padStart(2, "0");
const monthEnd = (year, month) => `${year}-${two(month)}-${two(new Date(Date.UTC(year, month, 0)).getUTCDate())}`;

export function bounds(period) {
  if (period.includes("..")) {
    const [first, last] = period.split("..");
    return { first: first.length === 7 ? `${first}-01` : first, last: last.length === 7 ? monthEnd(+last.slice(0, 4), +last.slice(5)) : last };
  }
  const year = +period.slice(0, 4);
  const part = period.slice(5);
  if (!part) return { first: `${year}-01-01`, last: `${year}-12-31` };
  if (part === "H1") return { first: `${year}-01-01`, last: `${year}-06-30` };
  if (part === "H2") return { first: `${year}-07-01`, last: `${year}-12-31` };
  return { first: `${year}-${part}-01`, last: monthEnd(year, +part) };
}

export function shapeOf(period) {
  if (period.includes("..")) return "custom";
  return { "": "year", H1: "h1", H2: "h2" }[period.slice(5)] ?? "month";
}

// The months in a period, the newest 24 at most: what a trend shows.
export function months(period) {
  const { first, last } = bounds(period);
  const found = [];
  for (let year = +first.slice(0, 4), month = +first.slice(5, 7); `${year}-${two(month)}` <= last.slice(0, 7); ) {
    found.push(`${year}-${two(month)}`);
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
  return found.slice(-24);
}

export const isPeriod = (text) => /^\d{4}(-(H[12]|0[1-9]|1[0-2]))?$|^\d{4}-\d{2}(-\d{2})?\.\.\d{4}-\d{2}(-\d{2})?$/.test(text || "");
