// The review desk: what waits, longest first, and one text at a time.
import { badge } from "../articles/view.js";
import { makeDesk } from "../lib/desk.js";
import { h } from "../lib/dom.js";
import { choice } from "../lib/filters.js";
import { writeMoment } from "../lib/format.js";
import { onKey } from "../lib/keys.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { showCase, summary } from "../reviews/case.js";

const STATUSES = ["open", "approved", "changes_requested", "rejected", "closed"];

openPage("reviews", async (page) => {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const status = h("select", { class: "form-select form-select-sm grow", "aria-label": t("field.status") }, STATUSES.map((each) => h("option", { value: each }, word("case_status", each))), h("option", { value: "" }, t("form.any")));
  let acts = null; // what the keys do with the case that is shown
  makeDesk(page, {
    path: "/v1/reviews", empty: () => t("reviews.empty"), what: t("reviews.row"),
    filters: [{ element: status, query: () => ({ status: status.value }) }, choice("unit_id", t("field.unit_id"), mine)],
    row: (found) => [found.title, checked(found), status.value === "" && badge("case_status", found.status), units.get(found.unit_id), word("article_kind", found.kind), writeMoment(found.submitted_at),
      found.claimed_by && found.status === "open" && t(found.claimed_by === page.me.id ? "reviews.mine" : "reviews.other")],
    draw: async (pane, id, desk) => {
      acts = await showCase(pane, page, id, { back: () => desk.go(""), changed: (decided) => (decided && status.value === "open" ? toNext(desk) : desk.changed()) });
      return () => (acts = null);
    },
  });
  onKey(["a"], t("reviews.approve"), () => acts?.decide("approve"));
  onKey(["r"], t("reviews.request_changes"), () => acts?.decide("request_changes"));
  onKey(["x"], t("reviews.reject"), () => acts?.decide("reject"));
  onKey(["c"], t("reviews.claim"), () => acts?.claim());
  onKey(["n", "p"], t("keys.next_finding"), (event) => acts?.step(event.key === "n" ? 1 : -1));
});

const checked = (found) => (found.blocking > 0 ? h("span", { class: "badge badge-blocking" }, t("reviews.blocking", { n: found.blocking }))
  : h("span", { class: `badge ${found.findings ? "badge-warning" : "badge-hint"}` }, summary(found.findings, 0)));

// The decided one leaves the list; the one after it is shown.
function toNext(desk) {
  const items = desk.items();
  const at = items.findIndex((row) => row.dataset.id === desk.open());
  desk.go((items[at + 1] || items[at - 1])?.dataset.id || "");
  desk.changed(false);
}
