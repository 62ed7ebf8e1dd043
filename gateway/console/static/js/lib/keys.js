// Keys that work on the whole page; never while somebody types, and `?` lists them.
import { h } from "./dom.js";
import { openDialog } from "./dialog.js";
import { t } from "./words.js";

const known = [];

// keys: what is shown; names: KeyboardEvent.key values; act(event).
export function onKey(names, meaning, act) {
  known.push({ names, meaning, act });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (typing || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
  if (event.key === "?") {
    listKeys();
    event.preventDefault();
    return;
  }
  const found = known.find((each) => each.names.includes(event.key));
  if (found) {
    event.preventDefault();
    found.act(event);
  }
});

export function listKeys() {
  const rows = [...known.map((each) => [each.names, each.meaning]), [["?"], t("keys.this")]];
  openDialog(t("keys.title"), [
    h("dl", { class: "keys" }, rows.map(([names, meaning]) => [
      h("dt", {}, names.map((name) => h("kbd", {}, name === " " ? "Space" : name))), h("dd", {}, meaning),
    ])),
  ]);
}

// j and k walk over `rows()`, Enter opens; the one stood on has the focus.
export function walkable(rows, meaning) {
  const step = (by) => {
    const list = rows();
    const at = list.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  onKey(["j"], t("keys.next", { what: meaning }), () => step(1));
  onKey(["k"], t("keys.previous", { what: meaning }), () => step(-1));
}
