// The article desk: write, submit, publish, look back.
import { showArticle, badge } from "../articles/view.js";
import { mayLeave, writeArticle } from "../articles/form.js";
import { get } from "../lib/api.js";
import { makeDesk } from "../lib/desk.js";
import { choice, search } from "../lib/filters.js";
import { writeMoment } from "../lib/format.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const STATUSES = ["draft", "submitted", "changes_requested", "rejected", "approved", "published", "withdrawn"];
const KINDS = ["news", "wechat_post", "video_post"];
const WATCH_MS = 2000;
const options = (group, values) => values.map((each) => [each, word(group, each)]);

openPage("articles", async (page) => {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  addEventListener("hashchange", stayWithUnsaved); // before the desk listens: it does not hear of what is refused here
  makeDesk(page, {
    path: "/v1/articles", empty: () => t("articles.empty"), what: t("articles.row"),
    filters: [search("q", t("articles.search")), choice("status", t("field.status"), options("article_status", STATUSES)), choice("kind", t("field.kind"), options("article_kind", KINDS)), choice("unit_id", t("field.unit_id"), mine)],
    row: (article) => [article.title, badge("article_status", article.status), units.get(article.unit_id), word("article_kind", article.kind), writeMoment(article.changed_at)],
    add: page.can("article.write") && { label: t("articles.new"), make: () => ({ id: "new" }) },
    draw: (pane, id, desk) => (id === "new" ? draft(pane, page, desk) : drawArticle(pane, page, id, desk)),
  });
});

function stayWithUnsaved(event) {
  if (mayLeave()) return;
  event.stopImmediatePropagation();
  history.replaceState(null, "", event.oldURL);
}

function draft(pane, page, desk) {
  const saved = (id) => {
    desk.go(id);
    desk.changed(false);
  };
  return writeArticle(pane, page, null, saved, () => desk.go(""));
}

async function drawArticle(pane, page, id, desk) {
  const anew = () => desk.changed();
  const article = await showArticle(pane, page, id, { edit: (one) => writeArticle(pane, page, one, anew, anew), changed: anew, back: () => desk.go("") });
  if (article.status === "submitted" || article.publications.some((each) => each.status === "scheduled")) return watch(article, desk);
}

// A submitted text is decided by somebody else, a scheduled one is published by the clock: look now and then.
function watch(article, desk) {
  const timer = setInterval(async () => {
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open], main form")) return;
    const now = await get(`/v1/articles/${article.id}`).catch(() => article);
    if (now.version !== article.version && desk.open() === article.id) desk.changed();
  }, WATCH_MS);
  return () => clearInterval(timer);
}
