// Words of the interface in the reader's language: Chinese first, English second.
import en from "../words/en.js";
import zh from "../words/zh.js";

const BOOKS = { "zh-CN": zh, en };
const KEPT = "matrix.language";

export const language = keptLanguage();
const book = BOOKS[language];
document.documentElement.lang = language;

function keptLanguage() {
  try {
    return localStorage.getItem(KEPT) in BOOKS ? localStorage.getItem(KEPT) : "zh-CN";
  } catch {
    return "zh-CN"; // a browser that keeps nothing
  }
}

// t("articles.saved", {n: 3}) → "已保存（第 3 稿）"
export function t(key, values = {}) {
  return ofNumber(book[key] ?? key, values.n).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

// A word for a name that the server may know and this console may not yet: then the name itself.
export function word(group, name, n) {
  const known = book[`${group}.${name}`];
  return known === undefined ? String(name ?? "") : ofNumber(known, n);
}

// "{n} post | {n} posts": for one, and for any other number.
function ofNumber(text, n) {
  const [one, more = one] = text.split(" | ");
  return String(n) === "1" ? one : more;
}

export function speak(other) {
  try {
    localStorage.setItem(KEPT, other);
  } catch {
    return;
  }
  location.reload();
}
