// One case: may this be published, and if not, where exactly.
import { del, get, post } from "../lib/api.js";
import { fact } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { badge } from "../articles/view.js";
import { h, replace } from "../lib/dom.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { complain, say } from "../lib/problems.js";
import { namesOf, unitNames } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { markedText } from "./marked.js";

const DECISIONS = [["approve", "btn-success", "a"], ["request_changes", "btn-warning", "r"], ["reject", "btn-danger", "x"]];

// told: {changed(decided), back()}. Gives {decide(name), claim(), step(by)} for the keys.
export async function showCase(pane, page, id, told) {
  const [found, units] = await Promise.all([get(`/v1/reviews/${id}`), unitNames()]);
  const people = await namesOf(found.author_ids);
  const shown = new Case(page, found, told);
  replace(pane, shown.draw(units, people));
  pane.querySelector("h1").focus({ preventScroll: true });
  return shown;
}

class Case {
  constructor(page, found, told) {
    Object.assign(this, { page, found, told });
    this.findings = found.findings.map((each, at) => ({ ...each, number: String(at) }));
    this.blocking = this.findings.filter((each) => each.severity === "blocking").length;
    this.own = found.author_ids.includes(page.me.id);
    this.mayDecide = page.can("review.decide") && found.status === "open" && !this.own;
    this.held = found.claimed_by && (found.claimed_by === page.me.id ? "mine" : "other");
    this.current = -1;
    this.text = h("div", { class: "text", lang: "zh-CN" }, h("p", { class: "text-title" }, this.#marked("title", found.title)), this.#marked("body", found.text));
  }

  draw(units, people) {
    const { found } = this;
    return h("article", { class: "card", "aria-labelledby": "case-title" },
      h("div", { class: "pane" },
        h("button", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", onclick: this.told.back }, `‹ ${t("act.back")}`),
        h("header", { class: "pane-head" }, h("h1", { id: "case-title", tabindex: "-1" }, found.title),
          h("div", { class: "pane-acts" }, h("a", { class: "btn btn-sm", href: `/articles#${found.article_id}` }, t("reviews.article")))),
        about(found, units, people),
        this.own && found.status === "open" && h("div", { class: "alert alert-info" }, t("reviews.own")),
        found.decision && decision(found),
        h("div", { class: "reading" }, h("section", { "aria-label": t("reviews.text") }, this.text),
          h("section", {}, h("h2", { class: "section-title mt-0" }, summary(this.findings.length, this.blocking)), this.#list()))),
      this.mayDecide && this.#foot());
  }

  #marked(part, text) {
    return markedText(text, this.findings.filter((each) => each.part === part), (number) => this.#pick(number));
  }

  #list() {
    return h("ol", { class: "findings" }, this.findings.map((each) => h("li", {}, h("button", { class: "finding", onclick: () => this.#pick(each.number) },
      h("div", {}, h("span", { class: `badge badge-${each.severity}` }, word("severity", each.severity)), " ", h("strong", {}, each.found)),
      h("div", { class: "text-secondary" }, [word("category", each.category), each.suggestion && t("reviews.suggest", { word: each.suggestion })].filter(Boolean).join(" · "))))));
  }

  #foot() {
    const { held } = this;
    return h("footer", { class: "decide" },
      DECISIONS.map(([name, look, key]) => h("button", { class: `btn ${look}`, disabled: held === "other", onclick: () => this.decide(name) }, t(`reviews.${name}`), h("kbd", { class: "only-wide" }, key))),
      h("span", { class: "ms-auto text-secondary small" }, held && t(`reviews.${held}`)),
      held === "mine" ? h("button", { class: "btn btn-sm", onclick: () => this.#release() }, t("reviews.release"))
        : h("button", { class: "btn btn-sm", disabled: held === "other", onclick: () => this.claim() }, t("reviews.claim"), h("kbd", { class: "only-wide" }, "c")));
  }

  #pick(number) {
    this.current = +number;
    for (const each of this.text.querySelectorAll("mark.current")) each.classList.remove("current");
    const marks = this.text.querySelectorAll(`mark[data-finding="${number}"]`);
    for (const each of marks) each.classList.add("current");
    marks[0]?.scrollIntoView({ block: "center" });
  }

  step(by) {
    const count = this.findings.length;
    if (count) this.#pick(String((this.current + by + count) % count));
  }

  async decide(name) {
    if (!this.mayDecide || this.held === "other") return;
    const overrides = name === "approve" && this.blocking > 0;
    if (overrides && !this.page.can("review.override")) return say(t("reviews.no_override"), "warning");
    try {
      const done = name === "approve" && !overrides ? await this.#send(name, {}) : await this.#explain(name, overrides);
      if (done) this.told.changed(true);
    } catch (problem) {
      complain(problem);
    }
  }

  // Whoever does not simply approve says why.
  #explain(name, overrides) {
    const field = overrides ? "override_reason" : "reason";
    const form = makeForm([{ name: field, type: "textarea", required: true, max: 500, hint: t(overrides ? "reviews.override_hint" : "reviews.reason_hint") }]);
    const verb = t(`reviews.${name}`);
    return ask(verb, form, verb, (values) => this.#send(name, values), { danger: name === "reject" });
  }

  async #send(name, values) {
    await post(`/v1/reviews/${this.found.id}/decision`, { decision: name, ...values });
    say(t(`reviews.${name}_done`));
    return true;
  }

  async claim() {
    if (!this.mayDecide || this.held) return;
    await this.#act(() => post(`/v1/reviews/${this.found.id}/claim`), "reviews.claimed");
  }

  async #release() {
    await this.#act(() => del(`/v1/reviews/${this.found.id}/claim`), "reviews.released");
  }

  async #act(work, says) {
    try {
      await work();
      say(t(says));
      this.told.changed(false);
    } catch (problem) {
      complain(problem);
    }
  }
}

const about = (found, units, people) => h("dl", { class: "meta" },
  fact(t("field.status"), badge("case_status", found.status)), fact(t("field.unit_id"), units.get(found.unit_id) || found.unit_id), fact(t("field.kind"), word("article_kind", found.kind)),
  people.size > 0 && fact(t("field.author_ids"), [...people.values()].join(t("comma"))),
  fact(t("field.revision"), found.revision), fact(t("field.submitted_at"), writeMoment(found.submitted_at)),
  fact(t("field.char_count"), exact(found.char_count)), fact(t("field.checked_with"), found.checked_with.length));

export function summary(findings, blocking) {
  if (!findings) return t("reviews.clean");
  return [t("reviews.findings", { n: findings }), blocking > 0 && t("reviews.blocking", { n: blocking })].filter(Boolean).join(" · ");
}

function decision(found) {
  const { at, reason, override_reason: override } = found.decision;
  return h("div", { class: "alert alert-secondary" },
    h("div", {}, `${t("reviews.decided")}${t("colon")}${word("case_status", found.status)} · ${writeMoment(at)}`),
    reason && h("div", {}, `${t("field.reason")}${t("colon")}${reason}`), override && h("div", {}, `${t("field.override_reason")}${t("colon")}${override}`));
}
