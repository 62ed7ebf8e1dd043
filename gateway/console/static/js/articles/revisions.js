// The revisions of an article: who wrote which when, and what changed between two of them.
import { get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { complain } from "../lib/problems.js";
import { namesOf } from "../lib/things.js";
import { t, word } from "../lib/words.js";

export async function showRevisions(article) {
  const { items } = await get(`/v1/articles/${article.id}/revisions`);
  const people = await namesOf(items.map((each) => each.editor_id));
  const options = items.map((each) => [String(each.revision), [t("articles.revision", { n: each.revision }), writeMoment(each.recorded_at), people.get(each.editor_id)].filter(Boolean).join(" · ")]);
  if (items.length < 2) {
    openDialog(t("articles.revisions"), [h("p", {}, options[0][1]), h("p", { class: "text-secondary mb-0" }, t("articles.one_revision"))]);
    return;
  }
  const out = h("div", { class: "mt-3" });
  const form = makeForm([{ name: "from", type: "select", options, value: String(items.length - 1) }, { name: "to", type: "select", options, value: String(items.length) }], { columns: true });
  const compare = async () => {
    try {
      replace(out, difference(await get(`/v1/articles/${article.id}/revisions`, form.values())));
    } catch (problem) {
      complain(problem);
    }
  };
  form.element.addEventListener("change", compare);
  openDialog(t("articles.revisions"), [form.element, out], { wide: true });
  compare();
}

function difference(found) {
  const fields = Object.entries(found.fields);
  return [
    found.title.length > 0 && [h("h3", { class: "section-title mt-0" }, t("field.title")), diff(found.title)],
    h("h3", { class: "section-title mt-0" }, t("field.body")), found.body.length ? diff(found.body) : h("p", { class: "text-secondary" }, t("articles.no_change")),
    fields.length > 0 && h("table", { class: "simple mt-3" }, h("thead", { class: "visually-hidden" }, h("tr", {}, ["field", "from", "", "to"].map((each) => h("th", { scope: "col" }, each && t(`field.${each}`))))),
      h("tbody", {}, fields.map(([name, change]) => h("tr", {}, h("th", { scope: "row" }, word("field", name)), h("td", {}, written(name, change.from)), h("td", { "aria-hidden": "true" }, "→"), h("td", {}, written(name, change.to)))))),
  ];
}

const diff = (lines) => h("pre", { class: "diff" }, lines.map((line) => h("span", { class: { "+": "new", "-": "gone", "@": "at" }[line[0]] || "" }, plain(line))));

// A line of HTML as its author typed it, where it is a paragraph; else as it is.
function plain(line) {
  const inside = line.slice(1).replace(/^<p>|<\/p>$/g, "");
  if (line[0] === "@" || /<[^>]/.test(inside)) return line[0] === "@" ? `… ${line}` : line;
  return line[0] + inside.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function written(name, value) {
  if (value === null || value === "" || value?.length === 0) return "—";
  if (name === "asset_ids") return t("articles.n_photos", { n: value.length });
  if (name === "event_ended_at") return writeMoment(value);
  if (name === "originality") return word("originality", value);
  return Array.isArray(value) ? value.join(t("comma")) : String(value);
}
