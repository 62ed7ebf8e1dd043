// Term lists: what the check looks for. A list is changed as a whole: try it on a text, then publish its next version.
import { get, post, put } from "../lib/api.js";
import { back, fact, makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { complain, say } from "../lib/problems.js";
import { t, word } from "../lib/words.js";
import { findingLine, markedText } from "../reviews/marked.js";
import { MATCHES, SEVERITIES, readTerms, writeTerms } from "./term-text.js";

const PATH = "/v1/term-lists";
const SHOWN = 200; // rows of a list of thousands
const HEADS = ["term", "category", "severity", "suggestion", "match"];

export async function terms(page) {
  makeDesk(page, {
    path: PATH, empty: () => t("terms.empty"), what: t("terms.row"),
    row: (list) => [list.name, t("admin.version", { n: list.version }), t("terms.size", { n: exact(list.size) })],
    add: { label: t("terms.new"), make: found },
    draw: async (pane, id, desk) => drawList(pane, id, await get(`${PATH}/${id}`), desk),
  });
}

async function found() {
  const form = makeForm([{ name: "name", required: true, max: 100 }]);
  return ask(t("terms.new"), form, t("act.save"), (values) => post(PATH, { ...values, terms: [] }));
}

function drawList(pane, id, list, desk) {
  const sheet = new Sheet(id, list, desk);
  replace(pane, sheet.element);
  pane.querySelector("h1").focus({ preventScroll: true });
  const guard = (event) => sheet.dirty && event.preventDefault();
  addEventListener("beforeunload", guard);
  return () => removeEventListener("beforeunload", guard);
}

// A list and what is changed in it, until that is published.
class Sheet {
  constructor(id, list, desk) {
    Object.assign(this, { id, list, desk, dirty: false, draft: { name: list.name, terms: list.terms, allow: list.allow } });
    this.rows = h("tbody");
    this.count = h("span", { class: "text-secondary small", role: "status" });
    this.find = h("input", { class: "form-control form-control-sm", type: "search", placeholder: t("terms.find"), "aria-label": t("terms.find"), maxlength: 100, oninput: () => this.#draw() });
    this.rest = makeForm([{ name: "name", required: true, max: 100, value: list.name }, { name: "allow", type: "textarea", rows: 4, label: t("terms.allow"), hint: t("terms.allow_hint"), value: list.allow.join("\n") }]);
    this.rest.element.addEventListener("input", () => this.#change({ name: this.rest.values().name, allow: lines(this.rest.values().allow) }));
    this.publish = h("button", { class: "btn btn-sm btn-primary", disabled: true, onclick: () => this.#send() }, t("terms.publish", { n: list.newest + 1 }));
    this.element = h("article", { class: "card pane", "aria-labelledby": "list-name" }, back(), this.#head(),
      h("dl", { class: "meta" }, fact(t("field.version"), this.#versions()), fact(t("terms.published_at"), writeMoment(list.published_at))),
      h("div", { class: "bar-line mb-2" }, h("div", { class: "grow" }, this.find), this.count),
      h("div", { class: "term-rows" }, h("table", { class: "simple stacked" }, h("thead", {}, h("tr", {}, HEADS.map((each) => h("th", { scope: "col" }, t(`field.${each}`))), h("td", {}))), this.rows)),
      h("div", { class: "mt-3" }, this.rest.element), trial(this.draft));
    this.#draw();
  }

  #head() {
    return h("header", { class: "pane-head" }, h("h1", { id: "list-name", tabindex: "-1" }, this.list.name), h("div", { class: "pane-acts" },
      h("button", { class: "btn btn-sm", onclick: () => this.#add().catch(complain) }, `+ ${t("terms.add")}`), h("button", { class: "btn btn-sm", onclick: () => this.#bulk().catch(complain) }, t("terms.bulk")), this.publish));
  }

  #versions() {
    const { newest, version } = this.list;
    return h("select", { class: "form-select form-select-sm w-auto", "aria-label": t("field.version"), onchange: (event) => this.#earlier(event.target.value).catch(complain) },
      Array.from({ length: newest }, (_, at) => newest - at).map((n) => h("option", { value: n, selected: n === version }, t("admin.version", { n }))));
  }

  #draw() {
    const wanted = this.find.value.trim();
    const fitting = this.draft.terms.filter((each) => !wanted || each.term.includes(wanted) || each.category.includes(wanted) || word("category", each.category).includes(wanted));
    replace(this.rows, fitting.slice(0, SHOWN).map((each) => termRow(each, () => this.#change({ terms: this.draft.terms.filter((other) => other !== each) }))));
    replace(this.count, fitting.length > SHOWN ? t("terms.first", { n: SHOWN, of: exact(fitting.length) }) : t("terms.size", { n: exact(fitting.length) }));
  }

  #change(part) {
    Object.assign(this.draft, part);
    this.dirty = true;
    this.publish.disabled = false;
    this.#draw();
  }

  async #add() {
    const form = termForm([...new Set(this.draft.terms.map((each) => each.category))]);
    const values = await new Promise((resolve) => ask(t("terms.add"), form, t("terms.take"), async (each) => resolve(each)));
    this.#change({ terms: [values, ...this.draft.terms] });
  }

  async #bulk() {
    const form = makeForm([{ name: "terms", type: "textarea", rows: 14, value: writeTerms(this.draft.terms), hint: t("terms.bulk_hint") }]);
    await ask(t("terms.bulk"), form, t("terms.take"), async (values) => {
      const { terms: read, wrong } = readTerms(values.terms || "");
      if (wrong) throw wrong;
      this.#change({ terms: read });
    }, { wide: true });
  }

  async #earlier(n) {
    const old = await get(`${PATH}/${this.id}`, { version: n });
    Object.assign(this.draft, { name: old.name, terms: old.terms, allow: old.allow });
    this.rest.input("name").value = old.name;
    this.rest.input("allow").value = old.allow.join("\n");
    this.publish.disabled = +n === this.list.newest;
    this.dirty = false;
    this.#draw();
  }

  async #send() {
    if (!this.rest.check()) return;
    this.publish.disabled = true;
    try {
      await put(`${PATH}/${this.id}`, this.draft);
      this.dirty = false;
      say(t("terms.published"));
      this.desk.changed();
    } catch (problem) {
      this.publish.disabled = false;
      complain(problem);
    }
  }
}

const termRow = (each, remove) => h("tr", {}, [
  h("strong", {}, each.term), word("category", each.category), h("span", { class: `badge badge-${each.severity}` }, word("severity", each.severity)), each.suggestion || "—", word("match", each.match),
].map((cell, at) => h("td", { "data-label": t(`field.${HEADS[at]}`) }, cell)),
  h("td", { class: "text-end" }, h("button", { class: "btn btn-sm btn-ghost-secondary", "aria-label": `${t("act.remove")} ${each.term}`, onclick: remove }, t("act.remove"))));

const termForm = (categories) => makeForm([
  { name: "term", required: true, max: 100 }, { name: "category", required: true, max: 100, hint: t("terms.category_hint"), suggest: categories },
  { name: "severity", type: "select", value: "warning", options: SEVERITIES.map((each) => [each, word("severity", each)]) }, { name: "suggestion", max: 100, empty: null },
  { name: "match", type: "select", value: "normalised", options: MATCHES.map((each) => [each, word("match", each)]), wide: true, hint: t("terms.match_hint") }], { columns: true });

const lines = (text) => (text || "").split("\n").map((each) => each.trim()).filter(Boolean);

// A text, and what these terms would find in it.
function trial(draft) {
  const out = h("div", { class: "mt-2", role: "status" });
  const form = makeForm([{ name: "text", type: "textarea", rows: 4, max: 20000, required: true, label: t("terms.try"), hint: t("terms.try_hint") }]);
  const button = h("button", { class: "btn btn-sm", type: "submit" }, t("terms.try_act"));
  return h("form", { class: "mt-3", novalidate: true, onsubmit: check }, form.element, h("div", { class: "mt-2" }, button), out);

  async function check(event) {
    event.preventDefault();
    if (!form.check()) return;
    const { text } = form.values();
    button.disabled = true;
    try {
      const { findings } = await post(`${PATH}/trial`, { text, terms: draft.terms, allow: draft.allow });
      replace(out, h("p", { class: "mb-1" }, findings.length ? t("reviews.findings", { n: findings.length }) : t("reviews.clean")), h("div", { class: "text", lang: "zh-CN" }, markedText(text, findings.map((each, at) => ({ ...each, number: String(at) })), () => {})),
        h("ol", { class: "small mt-2 mb-0" }, findings.map(findingLine)));
    } catch (problem) {
      form.blame(problem);
      complain(problem);
    } finally {
      button.disabled = false;
    }
  }
}
