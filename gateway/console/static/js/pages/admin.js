// Administration: who may do what, which units and channels there are, what is reviewed and looked for.
import { accounts } from "../admin/accounts.js";
import { schemes } from "../admin/schemes.js";
import { terms } from "../admin/terms.js";
import { units } from "../admin/units.js";
import { h } from "../lib/dom.js";
import { openPage } from "../lib/shell.js";
import { t } from "../lib/words.js";

const PARTS = [
  ["units", units, "unit.write", "channel.write"],
  ["accounts", accounts, "account.write"],
  ["schemes", schemes, "scheme.write"],
  ["terms", terms, "term_list.write"],
];

openPage("admin", async (page) => {
  const mine = PARTS.filter(([, , ...actions]) => actions.some(page.can));
  const asked = new URLSearchParams(location.search).get("part");
  const part = mine.find(([name]) => name === asked) || mine[0];
  if (!part) return page.main.append(h("p", { class: "empty-note" }, t("problem.forbidden")));
  page.main.append(h("div", { class: "bar-line" }, h("h1", { class: "title" }, t("nav.admin")),
    h("nav", { class: "btn-group", "aria-label": t("admin.parts") }, mine.map(([name]) =>
      h("a", { class: `btn btn-sm${name === part[0] ? " btn-primary" : ""}`, href: `/admin?part=${name}`, "aria-current": name === part[0] ? "page" : false }, t(`admin.${name}`))))));
  await part[1](page);
});
