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

class BoardPage {
  constructor(page) {
    this.page = page;
    this.state = {
      period: isPeriod(asked.get("period")) ? asked.get("period") : today().slice(0, 4),
      asOf: asked.get("as_of") || "", kind: asked.get("kind") || "",
    };
    this.seen = { answer: null, path: "", at: 0, link: "waiting", months: null, elsewhere: false };
    this.turn = 0;
    this.toolbar = h("div", { class: "ask-bar" });
    this.notice = h("div", { role: "status", "aria-live": "polite" });
    this.tiles = h("div", { class: "tiles" });
    this.holder = h("div", { class: "board-holder card" });
    this.board = new Board(this.holder, { open: this.open });
    this.drawer = new Drawer({ closed: () => this.board.select("") });
    const printed = h("p", { class: "print-only printed" });
    addEventListener("beforeprint", () => replace(printed, this.#printedLine()));
    page.main.append(printed, this.toolbar, this.notice, this.tiles, this.holder, legend(), this.drawer.element);
    this.#keys();
  }

  async begin() {
    drawToolbar(this.toolbar, this.state, this.change);
    await this.#refresh(false);
    await this.#toLatestYear();
    this.#refreshMonths();
    this.#listen();
    setInterval(() => document.visibilityState === "visible" && this.#refresh(true), POLL_MS);
    setInterval(() => this.#tell(), 5000);
  }

  open = (row, name) => {
    this.board.select(`${row.id}|${name}`);
    this.drawer.show(row, name, this.state, this.seen.months, pickOf(row.id), row.id === "totals" ? this.seen.answer.totals.kinds : {});
  };

  change = (part) => {
    const { state, seen } = this;
    Object.assign(state, part);
    seen.elsewhere = false;
    seen.months = this.board.months = null;
    history.replaceState(null, "", withQuery("/", { period: state.period, as_of: state.asOf, kind: state.kind }));
    drawToolbar(this.toolbar, state, this.change);
    this.drawer.close();
    this.#refresh(false);
    this.#refreshMonths();
  };

  #keys() {
    walkable(() => this.board.rows(), t("board.unit"));
    onKey(["Enter"], t("keys.open"), () => document.activeElement?.closest?.("tr")?.querySelector(".cell")?.click());
    onKey(["Escape"], t("keys.close"), () => this.drawer.close());
    onKey(["[", "]"], t("keys.years"), (event) => {
      const { period } = this.state;
      this.change({ period: `${+period.slice(0, 4) + (event.key === "]" ? 1 : -1)}${period.includes("..") ? "" : period.slice(4)}` });
    });
    addEventListener("popstate", () => location.reload());
  }

  #printedLine() {
    const { state: { asOf, kind }, seen: { answer } } = this;
    return [`${t("product")} · ${t("print.at", { at: writeMoment(new Date().toISOString()) })}`, answer && ` · ${t("fresh.position", { position: answer.position })}`,
      asOf && ` · ${t("board.as_of")} ${writeMoment(asOf)}`, kind && ` · ${word("unit_kind", kind) === kind ? word("channel_kind", kind) : word("unit_kind", kind)}`];
  }

  #query(period) {
    return { period, as_of: this.state.asOf, kind: this.state.kind };
  }

  // `news`: something is said to have changed; where none of it is in the shown period, the way to it is offered.
  async #refresh(flash, news = false) {
    const mine = (this.turn += 1);
    const path = withQuery("/v1/matrix", this.#query(this.state.period));
    if (!this.seen.answer) replace(this.holder, h("p", { class: "empty-note", role: "status" }, t("list.loading")));
    try {
      const answer = await fresh(path);
      if (mine !== this.turn) return;
      this.#draw(answer, path, flash, news);
    } catch (problem) {
      if (mine !== this.turn) return;
      this.#fail(problem, path);
    }
    this.#tell();
  }

  #draw(answer, path, flash, news) {
    const { state, seen } = this;
    Object.assign(seen, { answer, path, at: performance.now() });
    const changed = this.board.draw(answer, state, flash);
    drawTiles(this.tiles, answer, state, seen.months, this.open);
    if (news && !changed.length && bounds(state.period).last < today()) seen.elsewhere = true;
    this.#notices();
  }

  #fail(problem, path) {
    replace(this.notice, problemBox(problem));
    if (this.seen.path !== path) this.seen.answer = null; // the numbers of another question would pass for this one's
    if (this.seen.answer) return;
    replace(this.tiles);
    replace(this.holder, h("div", { class: "p-3" }, h("button", { class: "btn", onclick: () => this.#refresh(false).then(() => this.#refreshMonths()) }, t("act.retry"))));
  }

  async #refreshMonths() {
    const { state, seen } = this;
    const period = state.period;
    const list = months(period).filter((month) => month <= today().slice(0, 7));
    if (list.length < 2) return;
    const found = list.map((month) => ({ month, answer: null }));
    const waiting = [...found];
    await Promise.all([1, 2, 3].map(async () => {
      for (let each = waiting.shift(); each && period === state.period; each = waiting.shift()) {
        each.answer = await get("/v1/matrix", this.#query(each.month)).catch(() => null);
      }
    }));
    if (period !== state.period || !seen.answer) return;
    seen.months = found;
    this.board.trends(found);
    drawTiles(this.tiles, seen.answer, state, found, this.open);
  }

  #notices() {
    const { state, seen: { answer: { missing, units, totals }, elsewhere } } = this;
    const empty = !Object.keys(totals.figures).length;
    const year = today().slice(0, 4);
    replace(this.notice,
      missing.length > 0 && h("div", { class: "alert alert-warning mb-2" }, t("board.missing", { parts: missing.map((part) => word("service", part)).join(" · ") })),
      state.asOf && h("div", { class: "alert alert-info mb-2" }, t("board.known_at", { at: writeMoment(state.asOf) })),
      elsewhere && h("div", { class: "alert alert-info mb-2 d-flex align-items-center gap-2" }, t("board.elsewhere"),
        h("button", { class: "btn btn-sm", onclick: () => this.change({ period: year }) }, t("title.year", { year }))),
      empty && h("div", { class: "alert alert-secondary mb-2" }, units.length ? t("board.no_facts") : t("board.no_units"), !units.length && this.page.can("unit.write") && h("a", { class: "ms-2", href: "/admin" }, t("admin.units"))));
  }

  #tell() {
    const { state: { asOf }, seen, page: { status } } = this;
    if (!seen.answer) return setStatus(status, "red", t("fresh.unknown"));
    const age = seen.answer.age_s + Math.max(0, (performance.now() - seen.at - POLL_MS) / 1000);
    const light = seen.answer.missing.length || age > 60 ? "red" : age > 15 || (seen.link !== "live" && !asOf) ? "yellow" : "green";
    const words = asOf ? t("fresh.past") : seen.link === "live" ? t("fresh.live") : t("fresh.waiting");
    setStatus(status, light, words, h("span", { class: "only-wide" }, ` · ${t("fresh.position", { position: seen.answer.position })}`), h("span", { class: "only-wide" }, ` · ${ago(age)}`));
  }

  #listen() {
    const again = debounce(() => this.#refresh(true, true), 250);
    const againMonths = debounce(() => this.#refreshMonths(), 3000);
    listen({
      onstate: (link) => {
        this.seen.link = link;
        this.#tell();
      },
      onchange: () => {
        if (this.state.asOf) return;
        again();
        againMonths();
      },
    });
  }

  // Nobody asked for a year and this one is empty yet: show the last one in which something happened.
  async #toLatestYear() {
    if (asked.has("period") || !this.seen.answer || Object.keys(this.seen.answer.totals.figures).length) return;
    for (const name of COLUMNS.slice(0, 3)) {
      const page = await get(`/v1/figures/${name}/events`, { period: `1990-01-01..${today()}`, limit: 1 }).catch(() => null);
      if (page?.items.length) {
        this.change({ period: dayOf(page.items[0].occurred_at).slice(0, 4) });
        return;
      }
    }
  }
}

const legend = () => h("p", { class: "board-legend" }, h("span", { class: "mark-precision" }, "≥"), t("legend.at_least"), " · ", h("span", { class: "partial" }, t("legend.partial_word")), t("legend.partial"), " · ", h("span", { class: "none" }, "—"), t("legend.nothing"), " · ", t("legend.colour"));

// Asks past the browser's cache: an answer it kept has the right numbers, but an old age and position.
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

openPage("board", (page) => new BoardPage(page).begin());
