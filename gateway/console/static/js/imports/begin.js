// A new import: a file is chosen, tried without writing anything, looked at, and then imported.
import { del, get, newKey, request, withQuery } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { bytes, exact, toLocal, fromLocal } from "../lib/format.js";
import { complain, problemBox } from "../lib/problems.js";
import { allChannels, nameOf, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { counts, formatName, percentOf, progress, rowTable } from "./view.js";

const POLL_MS = 500;
const TAKES = ".csv,.tsv,.txt,.xlsx,.xls,.html,.htm";

// Gives what ends the looking. `begun(import)` is called when the rows are on their way.
export async function drawBegin(pane, me, begun) {
  const [units, channels] = await Promise.all([unitOptions(me), allChannels()]);
  const beginning = new Beginning(units, channels, begun);
  replace(pane, beginning.element);
  return () => beginning.forget();
}

class Beginning {
  constructor(units, channels, begun) {
    Object.assign(this, { channels, begun, chosen: null, asked: 0, timer: 0, trial: null });
    this.name = h("span", { class: "drop-name" }, t("imports.drop"));
    this.unit = select("unit_id", [["", t("imports.rows_say")], ...units], () => this.#fillChannels());
    this.channel = select("channel_id", [], () => this.#check());
    this.taken = h("input", { id: "import-taken", class: "form-control", type: "datetime-local", onchange: () => this.#check() });
    this.found = h("div", { "aria-live": "polite" });
    this.element = h("article", { class: "card pane", "aria-labelledby": "import-title" },
      h("a", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", href: "#" }, `‹ ${t("act.back")}`),
      h("header", { class: "pane-head" }, h("h1", { id: "import-title" }, t("imports.new"))), dropZone(this.name, (file) => this.#take(file)),
      h("div", { class: "fields fields-three" }, field("import-unit_id", t("field.unit_id"), this.unit), field("import-channel_id", t("field.channel_id"), this.channel),
        field("import-taken", t("field.taken_at"), this.taken, t("imports.taken_hint"))), this.found);
    this.#fillChannels();
  }

  // Whatever is being tried is of no more interest.
  forget() {
    this.asked += 1;
    clearTimeout(this.timer);
    if (this.trial) giveUp(this.trial);
    this.trial = null;
  }

  #fillChannels() {
    const fitting = this.channels.filter((each) => !this.unit.value || each.unit_id === this.unit.value);
    replace(this.channel, h("option", { value: "" }, t("imports.rows_say")), fitting.map((each) => h("option", { value: each.id }, nameOf(each))));
    this.#check();
  }

  #take(file) {
    this.chosen = file;
    replace(this.name, `${file.name} · ${bytes(file.size)}`);
    this.taken.value = toLocal(new Date(file.lastModified).toISOString());
    this.#check();
  }

  async #send(more) {
    const query = { filename: this.chosen.name.slice(-200), unit: this.unit.value, channel: this.channel.value, taken_at: fromLocal(this.taken.value), ...more };
    return (await request("POST", withQuery("/v1/imports", query), { file: this.chosen, key: newKey() })).data;
  }

  // Reads the file, where one is chosen, and looks everything up; nothing is written.
  async #check() {
    if (!this.chosen) return;
    this.forget();
    const mine = this.asked;
    replace(this.found, h("p", { class: "text-secondary", role: "status" }, t("imports.reading")));
    try {
      const tried = await this.#send({ dry_run: "true" });
      if (mine !== this.asked) return void giveUp(tried.id);
      this.trial = tried.id;
      this.#follow(tried, mine, drawTried(this.found, tried, () => this.#start(mine)));
    } catch (problem) {
      if (mine === this.asked) replace(this.found, problemBox(problem));
    }
  }

  #follow(tried, mine, drawn) {
    drawn.tell(tried);
    if (tried.state !== "running") {
      this.trial = null;
      return;
    }
    this.timer = setTimeout(async () => {
      try {
        const now = await get(`/v1/imports/${tried.id}`);
        if (mine === this.asked) this.#follow(now, mine, drawn);
      } catch (problem) {
        complain(problem);
      }
    }, POLL_MS);
  }

  async #start(mine) {
    try {
      const one = await this.#send({});
      if (mine === this.asked) this.begun(one);
    } catch (problem) {
      complain(problem);
    }
  }
}

const giveUp = (trial) => del(`/v1/imports/${trial}`).catch(() => {});

// A file is chosen in it, or dropped on it.
function dropZone(name, take) {
  const input = h("input", { type: "file", id: "import-file", accept: TAKES, class: "visually-hidden", onchange: () => input.files[0] && take(input.files[0]) });
  const zone = h("label", { class: "drop-zone", for: "import-file" }, name, h("span", { class: "text-secondary small" }, t("imports.takes")), input);
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => (event.preventDefault(), zone.classList.add("dropping")));
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("dropping"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  return zone;
}

// Draws what the file was taken for; `tell(import)` brings up to date what would become of it.
function drawTried(found, tried, start) {
  const would = h("div");
  const rows = rowTable(tried.id);
  const trouble = h("div", { hidden: true }, rows.element);
  const button = h("button", { class: "btn btn-primary", disabled: true, onclick: async () => {
    button.disabled = true;
    await start();
    button.disabled = false;
  } }, t("imports.start"));
  replace(found, tried.tables.map(sample), would, h("div", { class: "import-start" }, button, h("span", { class: "text-secondary small" }, t("imports.start_hint"))), trouble);
  return {
    tell(one) {
      replace(would, h("h2", { class: "section-title" }, one.state === "running" ? t("imports.trying", { percent: percentOf(one.rows) }) : t("imports.tried")), progress(one), counts(one));
      button.disabled = one.rows.accepted + one.rows.repeated === 0;
      if (one.state === "running" || !one.rows.rejected) return;
      trouble.hidden = false;
      rows.reload();
    },
  };
}

function sample(table) {
  const columns = Object.entries(table.columns);
  return h("section", { class: "import-table" },
    h("h2", { class: "section-title" }, formatName(table.format), ` · ${t("imports.rows", { n: exact(table.rows) })}`, table.name && ` · ${table.name}`),
    h("div", { class: "import-sample", tabindex: "0", role: "region", "aria-label": t("imports.sample") }, h("table", { class: "simple" },
      h("thead", {}, h("tr", {}, columns.map(([means, written]) => h("th", { scope: "col" }, word("field", means), word("field", means) !== written && h("span", { class: "d-block small" }, written))))),
      h("tbody", {}, table.sample.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))))));
}

const select = (name, options, onchange) => h("select", { id: `import-${name}`, class: "form-select", onchange }, options.map(([value, text]) => h("option", { value }, text)));

const field = (id, label, input, hint) => h("div", { class: "field" }, h("label", { class: "form-label", for: id }, label), input, hint && h("div", { class: "form-hint" }, hint));
