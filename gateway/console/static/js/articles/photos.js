// Photographs of an article: picked from the library, or uploaded into it on the spot.
import { all } from "../lib/api.js";
import { uploadAll } from "../assets/uploading.js";
import { openDialog } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { complain } from "../lib/problems.js";
import { t } from "../lib/words.js";

export const thumbnail = (id) => `/v1/assets/${id}/renditions/thumbnail`;

// `unit()` is the unit whose library is used. Gives {element, ids()}.
export function photoField(ids, unit, mayUpload, onchange) {
  let chosen = [...ids];
  const strip = h("div", { class: "photos" });
  const uploads = h("ul", { class: "uploads" });
  const file = h("input", { type: "file", accept: "image/*", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-label": t("assets.upload"), onchange: () => take(file.files) });
  const set = (next) => {
    chosen = next;
    draw();
    onchange();
  };

  function draw() {
    replace(strip, chosen.map((id, at) => h("div", { class: "photo" },
      h("img", { src: thumbnail(id), alt: `${t("articles.photos")} ${at + 1}`, loading: "lazy" }),
      h("button", { class: "btn-close", type: "button", "aria-label": t("act.remove"), onclick: () => set(chosen.filter((each) => each !== id)) }))));
  }

  async function take(files) {
    await uploadAll(files, { unit_id: unit() }, uploads, (id) => set([...chosen.filter((each) => each !== id), id]));
    file.value = "";
  }

  draw();
  return {
    ids: () => chosen,
    element: h("div", { class: "field field-wide" }, h("span", { class: "form-label" }, t("articles.photos")), strip, uploads, file,
      h("div", { class: "btn-list mt-2" },
        h("button", { class: "btn btn-sm", type: "button", onclick: () => pick(unit(), chosen, set).catch(complain) }, t("articles.pick")),
        mayUpload && h("button", { class: "btn btn-sm", type: "button", onclick: () => file.click() }, t("assets.upload")))),
  };
}

async function pick(unit, chosen, set) {
  const assets = await all("/v1/assets", { unit_id: unit, status: "available", kind: "image" }, 200);
  const picked = new Set(chosen);
  const grid = assets.length ? h("div", { class: "photos" }, assets.map((asset) => h("button", {
    class: "photo", type: "button", title: asset.title, "aria-pressed": String(picked.has(asset.id)),
    onclick: (event) => {
      picked[picked.has(asset.id) ? "delete" : "add"](asset.id);
      event.currentTarget.setAttribute("aria-pressed", String(picked.has(asset.id)));
    },
  }, h("img", { src: thumbnail(asset.id), alt: asset.title, loading: "lazy" })))) : h("p", { class: "empty-note" }, t("articles.no_photos"));
  const dialog = openDialog(t("articles.pick"), [grid, h("div", { class: "sheet-foot" }, h("button", {
    class: "btn btn-primary", onclick: () => {
      set([...chosen.filter((id) => picked.has(id)), ...[...picked].filter((id) => !chosen.includes(id))]);
      dialog.close();
    },
  }, t("act.choose")))], { wide: true });
}
