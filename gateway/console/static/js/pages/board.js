// The matrix board: who did what, how do we know, what is missing.
import { Board } from "../board/table.js";
import { Drawer } from "../board/drawer.js";
import { COLUMNS } from "../board/figures.js";
import { bounds, isPeriod, months } from "../lib/period.js";
import { drawTiles } from "../board/tiles.js";
import { drawToolbar } from "../board/toolbar.js";
import { Problem, get, toSignIn, withQuery } from "../lib/api.js";
import { debounce, h, replace } from "../lib/dom.js";
import { ago, dayOf, today, writeMoment } from "../lib/format.js";
import { onKey, walkable } from "../lib/keys.js";
import { listen } from "../lib/live.js";
import { problemBox } from "../lib/problems.js";
import { openPage, setStatus } from "../lib/shell.js";
import { t, word } from "../lib/words.js";

const POLL_MS = 20000;
const asked = new URLSearchParams(location.search);
const state = {
  period: isPeriod(asked.get("period")) ? asked.get("period") : today().slice(0, 4),
  asOf: asked.get("as_of") || "", kind: asked.get("kind") || "",
};
const seen = { answer: null, path: "", at: 0, link: "waiting", months: null, elsewhere: false };

openPage("board", async ({ main, status, can }) => {
  const toolbar = h("div", { class: "ask-bar" });
  const notice = h("div", { role: "status", "aria-live": "polite" });
  const tiles = h("div", { class: "tiles" });
  const holder = h("div", { class: "board-holder card" });
  const legend = h("p", { class: "board-legend" }, h("span", { class: "mark-precision" }, "≥"), t("legend.at_least"), " · ", h("span", { class: "partial" }, t("legend.partial_word")), t("legend.partial"), " · ", h("span", { class: "none" }, "—"), t("legend.nothing"), " · ", t("legend.colour"));
  const board = new Board(holder, { open });
  const drawer = new Drawer({ closed: () => board.select("") });
  const printed = h("p", { class: "print-only printed" });
  addEventListener("beforeprint", () => replace(printed, `${t("product")} · ${t("print.at", { at: writeMoment(new Date().toISOString()) })}`, seen.answer && ` · ${t("fresh.position", { position: seen.answer.position })}`, state.asOf && ` · ${t("board.as_of")} ${writeMoment(state.asOf)}`, state.kind && ` · ${word("unit_kind", state.kind) === state.kind ? word("channel_kind", state.kind) : word("unit_kind", state.kind)}`));
  main.append(printed, toolbar, notice, tiles, holder, legend, drawer.element);

  walkable(() => board.rows(), t("board.unit"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.closest?.("tr")?.querySelector(".cell")?.click());
  onKey(["Escape"], t("keys.close"), () => drawer.close());
  onKey(["[", "]"], t("keys.years"), (event) => change({ period: `${+state.period.slice(0, 4) + (event.key === "]" ? 1 : -1)}${state.period.includes("..") ? "" : state.period.slice(4)}` }));
  addEventListener("popstate", () => location.reload());

  function open(row, name) {
    board.select(`${row.id}|${name}`);
    drawer.show(row, name, state, seen.months, pickOf(row.id), row.id === "totals" ? seen.answer.totals.kinds : {});
  }

  function change(part) {
    Object.assign(state, part);
    seen.elsewhere = false;
    seen.months = board.months = null;
    history.replaceState(null, "", withQuery("/", { period: state.period, as_of: state.asOf, kind: state.kind }));
    drawToolbar(toolbar, state, change);
    drawer.close();
    refresh(false);
    refreshMonths();
  }

  // Asks past the browser's cache: an answer it kept has the right numbers, but an old age and position.
  const query = (period) => ({ period, as_of: state.asOf, kind: state.kind });
  let turn = 0;

  // `news`: something is said to have changed; where none of it is in the shown period, the way to it is offered.
  async function refresh(flash, news = false) {
    const mine = (turn += 1);
    const path = withQuery("/v1/matrix", query(state.period));
    if (!seen.answer) replace(holder, h("p", { class: "empty-note", role: "status" }, t("list.loading")));
    try {
      const answer = await fresh(path);
      if (mine !== turn) return;
      Object.assign(seen, { answer, path, at: performance.now() });
      const changed = board.draw(answer, state, flash);
      drawTiles(tiles, answer, state, seen.months, open);
      if (news && !changed.length && bounds(state.period).last < today()) seen.elsewhere = true;
      notices();
    } catch (problem) {
      if (mine !== turn) return;
      replace(notice, problemBox(problem));
      if (seen.path !== path) seen.answer = null; // the numbers of another question would pass for this one's
      if (!seen.answer) replace(tiles);
      if (!seen.answer) replace(holder, h("div", { class: "p-3" }, h("button", { class: "btn", onclick: () => refresh(false).then(refreshMonths) }, t("act.retry"))));
    }
    tell();
  }

  async function refreshMonths() {
    const period = state.period;
    const list = months(period).filter((month) => month <= today().slice(0, 7));
    if (list.length < 2) return;
    const found = list.map((month) => ({ month, answer: null }));
    const waiting = [...found];
    await Promise.all([1, 2, 3].map(async () => {
      for (let each = waiting.shift(); each && period === state.period; each = waiting.shift()) {
        each.answer = await get("/v1/matrix", query(each.month)).catch(() => null);
      }
    }));
    if (period !== state.period || !seen.answer) return;
    seen.months = found;
    board.trends(found);
    drawTiles(tiles, seen.answer, state, found, open);
  }

  function notices() {
    const { missing, units } = seen.answer;
    const empty = !Object.keys(seen.answer.totals.figures).length;
    replace(notice,
      missing.length > 0 && h("div", { class: "alert alert-warning mb-2" }, t("board.missing", { parts: missing.map((part) => word("service", part)).join(" · ") })),
      state.asOf && h("div", { class: "alert alert-info mb-2" }, t("board.known_at", { at: writeMoment(state.asOf) })),
      seen.elsewhere && h("div", { class: "alert alert-info mb-2 d-flex align-items-center gap-2" }, t("board.elsewhere"),
        h("button", { class: "btn btn-sm", onclick: () => change({ period: today().slice(0, 4) }) }, t("title.year", { year: today().slice(0, 4) }))),
      empty && h("div", { class: "alert alert-secondary mb-2" }, units.length ? t("board.no_facts") : t("board.no_units"), !units.length && can("unit.write") && h("a", { class: "ms-2", href: "/admin" }, t("admin.units"))));
  }

  function tell() {
    if (!seen.answer) return setStatus(status, "red", t("fresh.unknown"));
    const age = seen.answer.age_s + Math.max(0, (performance.now() - seen.at - POLL_MS) / 1000);
    const light = seen.answer.missing.length || age > 60 ? "red" : age > 15 || (seen.link !== "live" && !state.asOf) ? "yellow" : "green";
    const words = state.asOf ? t("fresh.past") : seen.link === "live" ? t("fresh.live") : t("fresh.waiting");
    setStatus(status, light, words, h("span", { class: "only-wide" }, ` · ${t("fresh.position", { position: seen.answer.position })}`), h("span", { class: "only-wide" }, ` · ${ago(age)}`));
  }

  drawToolbar(toolbar, state, change);
  await refresh(false);
  await toLatestYear(change);
  refreshMonths();
  const again = debounce(() => refresh(true, true), 250);
  const againMonths = debounce(refreshMonths, 3000);
  listen({
    onstate(link) {
      seen.link = link;
      tell();
    },
    onchange() {
      if (state.asOf) return;
      again();
      againMonths();
    },
  });
  setInterval(() => document.visibilityState === "visible" && refresh(true), POLL_MS);
  setInterval(tell, 5000);
});

async function fresh(path) {
  const response = await fetch(path, { cache: "no-store" }).catch(() => {
    throw new Problem(0, { code: "console.offline" });
  });
  if (response.status === 401) toSignIn();
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

function pickOf(id) {
  if (id === "totals") return (answer) => answer.totals.figures;
  const [unit, channel] = id.split("/");
  if (unit === "kind") return (answer) => answer.totals.kinds[channel]?.figures;
  return (answer) => {
    const found = answer.units.find((each) => each.id === unit);
    return channel ? found?.channels.find((each) => each.id === channel)?.figures : found?.figures;
  };
}

// Nobody asked for a year and this one is empty yet: show the last one in which something happened.
async function toLatestYear(change) {
  if (asked.has("period") || !seen.answer || Object.keys(seen.answer.totals.figures).length) return;
  for (const name of COLUMNS.slice(0, 3)) {
    const page = await get(`/v1/figures/${name}/events`, { period: `1990-01-01..${today()}`, limit: 1 }).catch(() => null);
    if (page?.items.length) {
      change({ period: dayOf(page.items[0].occurred_at).slice(0, 4) });
      return;
    }
  }
}
