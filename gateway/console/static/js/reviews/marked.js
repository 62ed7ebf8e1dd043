// The submitted text with every finding marked where it stands.
import { h } from "../lib/dom.js";
import { t, word } from "../lib/words.js";

const WEIGHT = { blocking: 3, warning: 2, hint: 1 };

// Offsets count characters, and a script's strings count UTF-16 units: an emoji is one of the first and two of the second.
export function markedText(text, findings, onpick) {
  const characters = Array.from(text);
  const borders = new Set([0, characters.length]);
  for (const { start, end } of findings) borders.add(start).add(end);
  const places = [...borders].filter((at) => at >= 0 && at <= characters.length).sort((one, other) => one - other);
  return places.slice(0, -1).map((start, n) => {
    const piece = characters.slice(start, places[n + 1]).join("");
    const here = findings.filter((each) => each.start <= start && each.end >= places[n + 1]);
    if (!here.length) return piece;
    const worst = here.reduce((one, other) => (WEIGHT[other.severity] > WEIGHT[one.severity] ? other : one));
    const says = here.map((each) => [word("severity", each.severity), word("category", each.category), each.suggestion && t("reviews.suggest", { word: each.suggestion })].filter(Boolean).join(" · ")).join("\n");
    return h("mark", { class: `mark-${worst.severity}`, title: says, dataset: { finding: worst.number }, onclick: () => onpick(worst.number) }, piece);
  });
}

// A finding in one line of a list.
export const findingLine = (each) =>
  h("li", {}, `${word("severity", each.severity)}${t("colon")}${each.found} · ${word("category", each.category)}`, each.suggestion && ` · ${t("reviews.suggest", { word: each.suggestion })}`);
