// Terms as text, one a line, as a spreadsheet takes and gives them: term, category, severity, suggestion, way of looking.
import { Problem } from "../lib/api.js";
import { t, word } from "../lib/words.js";

export const SEVERITIES = ["blocking", "warning", "hint"];
export const MATCHES = ["normalised", "squeezed", "literal"];

export const writeTerms = (terms) => terms.map((each) => [each.term, each.category, word("severity", each.severity), each.suggestion ?? "", word("match", each.match)].join("\t").trimEnd()).join("\n");

// Gives {terms}, or {wrong}: which line is not one, and why.
export function readTerms(text) {
  const terms = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (!line.trim()) continue;
    const [term, category, severity, suggestion, match] = line.split(/\t|[,，]/).map((each) => each.trim());
    const found = { term, category, severity: named("severity", SEVERITIES, severity, "warning"), suggestion: suggestion || null, match: named("match", MATCHES, match, "normalised") };
    if (!term || !category || !found.severity || !found.match) return { wrong: new Problem(400, { code: "console.term_line", detail: t("terms.wrong_line", { n: at + 1, line }) }) };
    terms.push(found);
  }
  return { terms };
}

// What is meant by a name, in either language; nothing means `usual`.
const named = (group, names, given, usual) => (given ? names.find((each) => each === given.toLowerCase() || word(group, each) === given) : usual);
