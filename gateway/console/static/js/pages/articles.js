// The article desk: write, submit, publish, look back.
import { showArticle, badge } from "../articles/view.js";
import { mayLeave, writeArticle } from "../articles/form.js";
import { get } from "../lib/api.js";
import { debounce, h, replace } from "../lib/dom.js";
import { writeMoment } from "../lib/format.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { problemBox } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const STATUSES = ["draft", "submitted", "changes_requested", "rejected", "approved", "published", "withdrawn"];
const KINDS = ["news", "wechat_post", "video_post"];
const WATCH_MS = 2000;

openPage("articles", async (page) => {
  const units = await unitNames();
  const rows = h("div");
  const pane = h("section", { class: "desk-pane" });
  const select = (name, options, label) => h("select", { class: "form-select form-select-sm grow", name, "aria-label": label, onchange: () => list.reload() }, h("option", { value: "" }, label), options.map(([value, text]) => h("option", { value }, text)));
  const search = h("input", { class: "form-control form-control-sm grow", type: "search", placeholder: t("articles.search"), "aria-label": t("articles.search"), maxlength: 100, oninput: debounce(() => list.reload(), 300) });
  const filters = { q: search, status: select("status", STATUSES.map((each) => [each, word("article_status", each)]), t("field.status")), kind: select("kind", KINDS.map((each) => [each, word("article_kind", each)]), t("field.kind")), unit_id: select("unit_id", await unitOptions(page.me), t("field.unit_id")) };
  const list = pagedList({
    path: "/v1/articles", holder: rows, empty: () => t("articles.empty"),
    query: () => Object.fromEntries(Object.entries(filters).map(([name, input]) => [name, input.value.trim()])),
    row: (article) => h("a", { class: "row-item", href: `#${article.id}`, dataset: { id: article.id }, "aria-current": String(article.id === open()) },
      h("div", { class: "row-title" }, article.title),
      h("div", { class: "row-meta" }, badge("article_status", article.status), h("span", {}, units.get(article.unit_id) || ""), h("span", {}, word("article_kind", article.kind)), h("span", {}, writeMoment(article.changed_at)))),
  });
  const desk = h("div", { class: "desk" },
    h("aside", { class: "card desk-list" },
      h("div", { class: "desk-filters" }, page.can("article.write") && h("button", { class: "btn btn-sm btn-primary w-100", onclick: () => go("new") }, `+ ${t("articles.new")}`), Object.values(filters)),
      h("div", { class: "desk-rows" }, rows, list.foot)), pane);
  page.main.append(desk);

  walkable(() => [...rows.querySelectorAll(".row-item")], t("articles.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  onKey(["n"], t("articles.new"), () => page.can("article.write") && go("new"));
  onKey(["Escape"], t("keys.close"), () => go(""));
  const open = () => location.hash.slice(1);
  let shown = null;
  let watching = 0;

  function go(hash) {
    if (hash === open()) return show();
    if (mayLeave()) location.hash = hash;
  }

  async function show() {
    clearInterval(watching);
    const id = open();
    shown = id;
    desk.classList.toggle("has-pane", Boolean(id));
    for (const row of rows.querySelectorAll(".row-item")) row.setAttribute("aria-current", String(row.dataset.id === id));
    try {
      if (!id) replace(pane, h("p", { class: "empty-note" }, t("list.nothing_chosen")));
      else if (id === "new") await writeArticle(pane, page, null, go, () => go(""));
      else await showOne(id);
    } catch (problem) {
      replace(pane, problemBox(problem));
    }
  }

  async function showOne(id) {
    const article = await showArticle(pane, page, id, {
      edit: (one) => writeArticle(pane, page, one, changed, show), changed, back: () => go(""),
    });
    if (article.status === "submitted" || article.publications.some((each) => each.status === "scheduled")) watch(article);
  }

  // A submitted text is decided by somebody else, a scheduled one is published by the clock: look now and then.
  function watch(article) {
    watching = setInterval(async () => {
      if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
      const now = await get(`/v1/articles/${article.id}`).catch(() => article);
      if (now.version !== article.version && open() === article.id) changed();
    }, WATCH_MS);
  }

  function changed() {
    list.reload();
    show();
  }

  addEventListener("hashchange", () => {
    if (open() === shown) return;
    if (mayLeave()) show();
    else history.replaceState(null, "", `#${shown}`);
  });
  list.reload();
  await show();
});
