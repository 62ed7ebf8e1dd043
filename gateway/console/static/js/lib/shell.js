// What every page has: header, navigation, who is signed in, language, keys.
import { del, get, toSignIn } from "./api.js";
import { h, replace } from "./dom.js";
import { listKeys, onKey } from "./keys.js";
import { complain, problemBox } from "./problems.js";
import { watchRights } from "./rights.js";
import { language, speak, t, word } from "./words.js";

// Where one can go, and what one must be allowed to do there (one of these).
const LINKS = [
  ["/", "board", "matrix.read"],
  ["/articles", "articles", "article.read"],
  ["/reviews", "reviews", "review.read"],
  ["/assets", "assets", "asset.read"],
  ["/shoots", "shoots", "shoot.read"],
  ["/live", "live", "live_stream.read"],
  ["/training", "training", "training.read"],
  ["/imports", "imports", "import.write"],
  ["/admin", "admin", "account.write", "unit.write", "channel.write", "scheme.write", "term_list.write"],
];

// Builds the page and gives {me, can, main, status, badge}. `build(page)` fills `main`.
export async function openPage(name, build) {
  document.title = `${t(`nav.${name}`)} · ${t("product")}`;
  const root = document.getElementById("page");
  let me;
  try {
    me = await get("/v1/me");
  } catch (problem) {
    if (problem.status !== 401) replace(root, h("div", { class: "p-4" }, problemBox(problem), h("button", { class: "btn", onclick: () => location.reload() }, t("act.retry"))));
    return;
  }
  const can = (action) => me.actions.includes(action);
  const status = h("div", { class: "freshness", role: "status" });
  const main = h("main", { id: "main", class: "container-xl-wide", tabindex: "-1" });
  const links = LINKS.filter(([, , ...actions]) => actions.some(can));
  const skip = h("a", { class: "skip", href: "#main", onclick: (event) => event.preventDefault() || main.focus() }, t("act.skip"));
  replace(root, skip, header(name, me, links, status), main);
  root.removeAttribute("aria-busy");
  showLink();
  links.forEach(([path, key], at) => onKey([String(at + 1)], t("keys.go", { where: t(`nav.${key}`) }), () => location.assign(path)));
  watchRights(me, root);
  try {
    await build({ me, can, main, status });
  } catch (problem) {
    main.prepend(problemBox(problem));
  }
  if (can("review.decide") && name !== "reviews") countWaiting();
}

// On a narrow screen the page's own link may lie outside what is seen of them.
const showLink = () => document.querySelector(".links [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

function header(name, me, links, status) {
  return h("header", { class: "top d-print-none" },
    h("a", { class: "brand", href: "/" }, h("span", { class: "mark", "aria-hidden": "true" }), t("product")),
    h("nav", { class: "links", "aria-label": t("nav.label") },
      links.map(([path, key]) =>
        h("a", { href: path, "aria-current": key === name ? "page" : false, "data-link": key }, t(`nav.${key}`)))),
    status,
    h("div", { class: "who" },
      h("button", { class: "btn btn-sm btn-ghost-secondary", id: "account", title: `${me.name} · ${word("role", me.role)}`, onclick: async () => (await import("./account.js")).openAccount(me) },
        h("span", { class: "who-name" }, me.name, h("span", { class: "text-secondary who-role" }, ` · ${word("role", me.role)}`)),
        h("span", { class: "only-narrow" }, t("account.menu"))),
      h("button", { class: "btn btn-sm btn-ghost-secondary", lang: language === "zh-CN" ? "en" : "zh-CN", onclick: () => speak(language === "zh-CN" ? "en" : "zh-CN") }, language === "zh-CN" ? "EN" : "中文"),
      h("button", { class: "btn btn-sm btn-ghost-secondary only-wide", title: t("keys.title"), "aria-label": t("keys.title"), onclick: listKeys }, "?"),
      h("button", { class: "btn btn-sm btn-ghost-secondary", onclick: signOut }, t("act.sign_out"))));
}

async function signOut() {
  try {
    await del("/v1/session");
  } catch (problem) {
    complain(problem);
    return;
  }
  toSignIn();
}

async function countWaiting() {
  try {
    const waiting = await get("/v1/reviews", { status: "open", limit: 100 });
    const link = document.querySelector('[data-link="reviews"]');
    if (link && waiting.items.length) {
      link.append(h("span", { class: "badge bg-red-lt ms-1" }, `${waiting.items.length}${waiting.next ? "+" : ""}`, h("span", { class: "visually-hidden" }, ` ${t("nav.waiting")}`)));
      showLink(); // the count moved the links on
    }
  } catch {
    // The count is a courtesy; the review desk itself says what is wrong.
  }
}

export function setStatus(el, state, ...text) {
  replace(el, h("span", { class: `dot dot-${state}`, "aria-hidden": "true" }), h("span", {}, text));
}
