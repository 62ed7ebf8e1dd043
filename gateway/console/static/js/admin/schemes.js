// Review schemes: which articles of which units are reviewed. What no scheme covers cannot be submitted.
import { Problem, all, del, post } from "../lib/api.js";
import { back, buttons, fact, makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const KINDS = ["news", "wechat_post", "video_post"];
const PATH = "/v1/review-schemes";

export async function schemes(page) {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const whose = (scheme) => (scheme.unit_ids.length ? scheme.unit_ids.map((id) => units.get(id) || id).join(t("comma")) : t("accounts.every_unit"));
  const kinds = (scheme) => scheme.article_kinds.map((kind) => word("article_kind", kind)).join(t("comma"));
  makeDesk(page, {
    path: PATH, empty: () => t("schemes.empty"), what: t("schemes.row"),
    row: (scheme) => [scheme.name, t("admin.version", { n: scheme.version }), scheme.retired && retired(), kinds(scheme), whose(scheme)],
    add: { label: t("schemes.adopt"), make: () => adopt(null, mine) },
    draw: async (pane, id, desk) => {
      const scheme = (await all(PATH)).find((each) => each.id === id);
      if (!scheme) throw new Problem(404, { code: "review.scheme_not_found" });
      replace(pane, h("article", { class: "card pane", "aria-labelledby": "scheme-name" }, back(),
        h("header", { class: "pane-head" }, h("h1", { id: "scheme-name", tabindex: "-1" }, scheme.name), buttons([
          [true, t("schemes.next"), () => adopt(scheme, mine), "btn-primary"], [!scheme.retired, t("schemes.retire"), () => retire(scheme), "btn-outline-danger"]], desk.changed)),
        h("dl", { class: "meta" }, fact(t("field.version"), scheme.version), scheme.retired && fact(t("field.status"), retired()), fact(t("field.article_kinds"), kinds(scheme)), fact(t("field.unit_ids"), whose(scheme))),
        h("p", { class: "text-secondary" }, t("schemes.explain"))));
      pane.querySelector("h1").focus({ preventScroll: true });
    },
  });
}

const retired = () => h("span", { class: "badge badge-closed" }, t("schemes.retired"));

function adopt(scheme, units) {
  const form = makeForm([
    { name: "name", required: true, max: 100, value: scheme?.name },
    { name: "article_kinds", type: "checks", required: true, value: scheme?.article_kinds, options: KINDS.map((kind) => [kind, word("article_kind", kind)]) },
    { name: "unit_ids", type: "checks", value: scheme?.unit_ids, options: units, hint: t("schemes.units_hint") }]);
  return ask(t(scheme ? "schemes.next" : "schemes.adopt"), form, t("act.save"), async (values) => {
    const done = await post(PATH, { ...values, ...(scheme ? { scheme_id: scheme.id } : {}) });
    say(t("schemes.adopted"));
    return done;
  });
}

function retire(scheme) {
  const form = makeForm([{ name: "reason", type: "textarea", required: true, max: 500, hint: t("schemes.retire_hint") }]);
  return ask(t("schemes.retire"), form, t("schemes.retire"), async (values) => {
    await del(`${PATH}/${scheme.id}`, values);
    say(t("schemes.is_retired"));
    return true;
  }, { danger: true });
}
