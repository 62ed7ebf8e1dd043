// A list that is asked for page by page, with its empty, waiting and failed states.
import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { problemBox } from "./problems.js";
import { t } from "./words.js";

// row(item) gives an element; `query()` gives the filters; `empty()` says what to make of no items; ask(path, query) gives a page.
export function pagedList({ path, query, row, empty, holder, onpage = () => {}, ask = get }) {
  const foot = h("div", { class: "list-foot" });
  let asked = 0;

  async function load(cursor) {
    const mine = (asked += 1);
    replace(foot, h("span", { class: "text-secondary", role: "status" }, t("list.loading")));
    try {
      const page = await ask(path, { limit: 50, ...query(), cursor });
      if (mine !== asked) return;
      if (!cursor) holder.replaceChildren();
      holder.append(...page.items.map(row));
      onpage(page, !cursor);
      replace(foot, page.next ? h("button", { class: "btn btn-sm", onclick: () => load(page.next) }, t("list.more"))
        : holder.childElementCount ? h("span", { class: "text-secondary small" }, t("list.all", { n: holder.childElementCount }))
          : h("p", { class: "empty-note" }, empty()));
    } catch (problem) {
      if (mine === asked) replace(foot, problemBox(problem), h("button", { class: "btn btn-sm", onclick: () => load(cursor) }, t("act.retry")));
    }
  }
  return { foot, reload: () => load() };
}
