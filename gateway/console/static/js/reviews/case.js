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
  found.findings.forEach((each, at) => (each.number = String(at)));
  const blocking = found.findings.filter((each) => each.severity === "blocking").length;
  const own = found.author_ids.includes(page.me.id);
  const mayDecide = page.can("review.decide") && found.status === "open" && !own;
  const held = found.claimed_by && (found.claimed_by === page.me.id ? "mine" : "other");
  let current = -1;

  const text = h("div", { class: "text", lang: "zh-CN" },
    h("p", { class: "text-title" }, markedText(found.title, found.findings.filter((each) => each.part === "title"), pick)),
    markedText(found.text, found.findings.filter((each) => each.part === "body"), pick));
  replace(pane, h("article", { class: "card", "aria-labelledby": "case-title" }, h("div", { class: "pane" },
    h("button", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", onclick: told.back }, `‹ ${t("act.back")}`),
    h("header", { class: "pane-head" }, h("h1", { id: "case-title", tabindex: "-1" }, found.title),
      h("div", { class: "pane-acts" }, h("a", { class: "btn btn-sm", href: `/articles#${found.article_id}` }, t("reviews.article")))),
    h("dl", { class: "meta" },
      fact(t("field.status"), badge("case_status", found.status)), fact(t("field.unit_id"), units.get(found.unit_id) || found.unit_id), fact(t("field.kind"), word("article_kind", found.kind)),
      people.size > 0 && fact(t("field.author_ids"), [...people.values()].join(t("comma"))),
      fact(t("field.revision"), found.revision), fact(t("field.submitted_at"), writeMoment(found.submitted_at)),
      fact(t("field.char_count"), exact(found.char_count)), fact(t("field.checked_with"), found.checked_with.length)),
    own && found.status === "open" && h("div", { class: "alert alert-info" }, t("reviews.own")),
    found.decision && decision(found),
    h("div", { class: "reading" }, h("section", { "aria-label": t("reviews.text") }, text), h("section", {}, h("h2", { class: "section-title mt-0" }, summary(found.findings.length, blocking)), list()))),
    mayDecide && h("footer", { class: "decide" },
      DECISIONS.map(([name, look, key]) => h("button", { class: `btn ${look}`, disabled: held === "other", onclick: () => decide(name) }, t(`reviews.${name}`), h("kbd", { class: "only-wide" }, key))),
      h("span", { class: "ms-auto text-secondary small" }, held && t(`reviews.${held}`)),
      held === "mine" ? h("button", { class: "btn btn-sm", onclick: release }, t("reviews.release")) : h("button", { class: "btn btn-sm", disabled: held === "other", onclick: claim }, t("reviews.claim"), h("kbd", { class: "only-wide" }, "c")))));
  pane.querySelector("h1").focus({ preventScroll: true });
  return { decide, claim, step: (by) => found.findings.length && pick(String((current + by + found.findings.length) % found.findings.length)) };

  function list() {
    return h("ol", { class: "findings" }, found.findings.map((each) => h("li", {}, h("button", { class: "finding", onclick: () => pick(each.number) },
      h("div", {}, h("span", { class: `badge badge-${each.severity}` }, word("severity", each.severity)), " ", h("strong", {}, each.found)),
      h("div", { class: "text-secondary" }, [word("category", each.category), each.suggestion && t("reviews.suggest", { word: each.suggestion })].filter(Boolean).join(" · "))))));
  }

  function pick(number) {
    current = +number;
    for (const each of text.querySelectorAll("mark.current")) each.classList.remove("current");
    const marks = text.querySelectorAll(`mark[data-finding="${number}"]`);
    for (const each of marks) each.classList.add("current");
    marks[0]?.scrollIntoView({ block: "center" });
  }

  async function decide(name) {
    if (!mayDecide || held === "other") return;
    const overrides = name === "approve" && blocking > 0;
    if (overrides && !page.can("review.override")) return say(t("reviews.no_override"), "warning");
    const send = async (values) => {
      await post(`/v1/reviews/${id}/decision`, { decision: name, ...values });
      say(t(`reviews.${name}_done`));
      return true;
    };
    try {
      if (name === "approve" && !overrides) await send({});
      else {
        const field = overrides ? "override_reason" : "reason";
        const form = makeForm([{ name: field, type: "textarea", required: true, max: 500, hint: t(overrides ? "reviews.override_hint" : "reviews.reason_hint") }]);
        if (!(await ask(t(`reviews.${name}`), form, t(`reviews.${name}`), send, { danger: name === "reject" }))) return;
      }
      told.changed(true);
    } catch (problem) {
      complain(problem);
    }
  }

  async function claim() {
    if (!mayDecide || held) return;
    await act(() => post(`/v1/reviews/${id}/claim`), "reviews.claimed");
  }

  async function release() {
    await act(() => del(`/v1/reviews/${id}/claim`), "reviews.released");
  }

  async function act(work, says) {
    try {
      await work();
      say(t(says));
      told.changed(false);
    } catch (problem) {
      complain(problem);
    }
  }
}

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
