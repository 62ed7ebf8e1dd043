// Says what went wrong and what to do about it.
import { h } from "./dom.js";
import { REFUSALS, inChinese } from "../words/refusals.js";
import { language, t, word } from "./words.js";

const CHINESE = language === "zh-CN"; // English is also what the server speaks

export function problemText(problem) {
  const known = word("problem", problem.code);
  if (known !== problem.code) return known;
  if (CHINESE && REFUSALS[problem.code]) return REFUSALS[problem.code];
  const byStatus = { 0: "problem.console.offline", 403: "problem.forbidden", 412: "problem.stale", 503: "problem.unavailable" }[problem.status];
  if (byStatus) return t(byStatus);
  if (problem.status === 404) return t("problem.not_found");
  return problem.message || t("problem.unknown");
}

export const reasonText = (reason) => (CHINESE ? inChinese(reason) : reason);

export function problemBox(problem) {
  if (!("status" in problem)) console.error(problem);
  const text = problemText(problem);
  return h("div", { class: "alert alert-danger mb-2" },
    h("div", {}, text),
    !CHINESE && problem.message && problem.message !== text && problem.status > 0 && h("div", { class: "small text-secondary" }, problem.message),
    problem.errors?.length > 0 && h("ul", { class: "mb-0 mt-1 small" },
      problem.errors.map((each) => h("li", {}, h("strong", {}, word("field", each.field.split(".")[0])), t("colon"), reasonText(each.reason)))),
    problem.requestId && h("div", { class: "small text-secondary mt-1" }, t("problem.number", { id: problem.requestId })));
}

let shelf = null;

export function say(text, kind = "success") {
  if (!shelf) {
    shelf = h("div", { class: "says", role: "status", "aria-live": "polite", popover: "manual" });
    document.body.append(shelf);
  }
  const note = h("div", { class: `alert alert-${kind} mb-2` }, text);
  shelf.append(note);
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover(); // above a dialog that is open
  setTimeout(() => note.remove(), kind === "danger" ? 12000 : 4000);
}

export const complain = (problem) => {
  if (problem.name === "AbortError") return;
  if (!("status" in problem)) console.error(problem);
  say([problemText(problem), ...(problem.errors || []).map((each) => `${word("field", each.field.split(".")[0])}${t("colon")}${reasonText(each.reason)}`)].join(" · "), "danger");
};
