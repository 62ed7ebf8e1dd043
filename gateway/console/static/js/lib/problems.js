// Says what went wrong and what to do about it.
import { h } from "./dom.js";
import { t, word } from "./words.js";

export function problemText(problem) {
  const known = word("problem", problem.code);
  if (known !== problem.code) return known;
  const byStatus = { 0: "problem.console.offline", 403: "problem.forbidden", 412: "problem.stale", 503: "problem.unavailable" }[problem.status];
  if (byStatus) return t(byStatus);
  return problem.message || t("problem.unknown");
}

export function problemBox(problem) {
  if (!("status" in problem)) console.error(problem);
  const text = problemText(problem);
  return h("div", { class: "alert alert-danger mb-2" },
    h("div", {}, text),
    problem.message && problem.message !== text && problem.status > 0 && h("div", { class: "small text-secondary" }, problem.message),
    problem.errors?.length > 0 && h("ul", { class: "mb-0 mt-1 small" },
      problem.errors.map((each) => h("li", {}, h("strong", {}, word("field", each.field)), t("colon"), each.reason))),
    problem.requestId && h("div", { class: "small text-secondary mt-1" }, t("problem.number", { id: problem.requestId })));
}

let shelf = null;

export function say(text, kind = "success") {
  if (!shelf) {
    shelf = h("div", { class: "says", role: "status", "aria-live": "polite" });
    document.body.append(shelf);
  }
  const note = h("div", { class: `alert alert-${kind} mb-2` }, text);
  shelf.append(note);
  setTimeout(() => note.remove(), kind === "danger" ? 12000 : 4000);
}

export const complain = (problem) => {
  if (problem.name === "AbortError") return;
  if (!("status" in problem)) console.error(problem);
  say([problemText(problem), ...(problem.errors || []).map((each) => `${word("field", each.field)}${t("colon")}${each.reason}`)].join(" · "), "danger");
};
