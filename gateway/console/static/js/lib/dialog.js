// Dialogs on the browser's own <dialog>: focus stays inside, Esc closes.
import { h } from "./dom.js";
import { problemBox } from "./problems.js";
import { t } from "./words.js";

let count = 0;

export function openDialog(title, content, { wide = false } = {}) {
  const back = document.activeElement;
  const name = `dialog-${(count += 1)}`; // one may open over another
  const dialog = h("dialog", { class: `sheet${wide ? " sheet-wide" : ""}`, "aria-labelledby": name },
    h("header", { class: "sheet-head" },
      h("h2", { id: name, class: "h3 m-0" }, title),
      h("button", { class: "btn-close", type: "button", "aria-label": t("act.close"), onclick: () => dialog.close() })),
    h("div", { class: "sheet-body" }, content));
  dialog.addEventListener("close", () => {
    dialog.remove();
    back?.isConnected && back.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Asks for fields; `send(values)` does the work and may throw a Problem, which is shown. Gives what send gives, or null.
export function ask(title, form, verb, send, { danger = false, wide = false } = {}) {
  return new Promise((resolve) => {
    let done = null;
    const trouble = h("div", { role: "alert" });
    const button = h("button", { class: `btn ${danger ? "btn-danger" : "btn-primary"}`, type: "submit" }, verb);
    const body = h("form", { novalidate: true, onsubmit: submit }, form.element, trouble,
      h("div", { class: "sheet-foot" },
        h("button", { class: "btn", type: "button", onclick: () => dialog.close() }, t("act.cancel")), button));
    const dialog = openDialog(title, body, { wide });
    form.element.querySelector("input:not([type=file]), select, textarea, button")?.focus();
    dialog.addEventListener("close", () => resolve(done));

    async function submit(event) {
      event.preventDefault();
      trouble.replaceChildren();
      if (!form.check()) return;
      button.disabled = true;
      try {
        done = (await send(form.values())) ?? true;
        dialog.close();
      } catch (problem) {
        form.blame(problem);
        trouble.replaceChildren(problemBox(problem));
      } finally {
        button.disabled = false;
      }
    }
  });
}
