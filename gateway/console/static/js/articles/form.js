// Writing an article: a new draft, or the next revision of one.
import { patch, post } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { makeForm } from "../lib/form.js";
import { complain, problemBox, say } from "../lib/problems.js";
import { unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { photoField } from "../assets/photos.js";
import { findingLine } from "../reviews/marked.js";
import { toHtml, toText } from "./text.js";

const KINDS = ["news", "wechat_post", "video_post"];
const ORIGINALITY = ["original", "certified_original", "repost", "adapted"];
let dirty = false;

addEventListener("beforeunload", (event) => dirty && event.preventDefault());
export const mayLeave = () => !dirty || (confirm(t("articles.leave")) && !(dirty = false));

// Fills `pane` with a form; `saved(id)` after it was saved.
export async function writeArticle(pane, page, article, saved, cancel) {
  const units = await unitOptions(page.me);
  const body = article ? toText(article.body) : { text: "", plain: true };
  const form = makeForm(fieldsOf(article, body, units), { columns: true });
  const touched = () => (dirty = true);
  const photos = photoField(article?.asset_ids || [], () => article?.unit_id || form.input("unit_id").value, page.can("asset.write"), touched);
  form.element.append(photos.element);
  const trouble = h("div", { role: "alert", class: "mt-3" });
  const checked = h("div", { role: "status", class: "mt-3" });
  const buttons = [h("button", { class: "btn btn-primary", type: "submit" }, t("act.save")), h("button", { class: "btn", type: "button", onclick: () => selfCheck(form.values(), checked).catch(complain) }, t("articles.self_check")), h("button", { class: "btn", type: "button", onclick: () => mayLeave() && cancel() }, t("act.cancel"))];
  replace(pane, h("div", { class: "card pane" },
    h("h1", { class: "h2" }, article ? t("articles.edit") : t("articles.new")),
    h("form", { novalidate: true, onsubmit: send, oninput: touched }, form.element, checked, trouble, h("div", { class: "btn-list mt-3" }, buttons))));
  form.input(article ? "body" : "title").focus();

  async function send(event) {
    event.preventDefault();
    trouble.replaceChildren();
    if (!form.check()) return;
    buttons[0].disabled = true;
    try {
      const values = form.values();
      saved(await save(article, { ...values, body: body.plain ? toHtml(values.body) : values.body, asset_ids: photos.ids() }));
    } catch (problem) {
      form.blame(problem);
      trouble.replaceChildren(problemBox(problem));
    } finally {
      buttons[0].disabled = false;
    }
  }
}

// Unit, kind and byline stay what they were when the article was begun.
function fieldsOf(article, body, units) {
  return [
    !article && { name: "unit_id", type: "select", required: true, options: units },
    !article && { name: "kind", type: "select", required: true, options: KINDS.map((kind) => [kind, word("article_kind", kind)]) },
    { name: "title", required: true, value: article?.title, max: 200, wide: true },
    { name: "body", type: "textarea", required: true, rows: 14, value: body.text, wide: true, hint: t(body.plain ? "articles.body_hint" : "articles.body_html") },
    { name: "event_ended_at", type: "datetime-local", value: article?.event_ended_at, hint: t("articles.event_hint"), empty: null },
    { name: "tags", value: article?.tags.join(", "), list: true, hint: t("articles.tags_hint") },
    { name: "originality", type: "select", value: article?.originality || "original", options: ORIGINALITY.map((each) => [each, word("originality", each)]) },
    { name: "source_url", type: "url", value: article?.source_url, empty: null },
    { name: "topic", value: article?.topic, max: 100, empty: null },
    { name: "series", value: article?.series, max: 100, empty: null },
    !article && { name: "byline", max: 100, empty: null },
  ].filter(Boolean);
}

async function save(article, text) {
  const done = article ? await patch(`/v1/articles/${article.id}`, text) : await post("/v1/articles", text);
  dirty = false;
  say(article ? t("articles.saved", { n: article.revision + 1 }) : t("articles.drafted"));
  return done.id;
}

// What the check will find after the submission, with the term lists in force now.
async function selfCheck({ title = "", body = "" }, out) {
  const { findings } = await post("/v1/term-lists/trial", { text: `${title}\n${body}`.slice(0, 20000) });
  replace(out, h("div", { class: `alert ${findings.length ? "alert-warning" : "alert-success"} mb-0` }, findings.length ? t("reviews.findings", { n: findings.length }) : t("reviews.clean"),
    h("ul", { class: "mb-0 mt-1 small" }, findings.map(findingLine))));
}
