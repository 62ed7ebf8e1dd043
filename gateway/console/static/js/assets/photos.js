// Photographs for an article or from a shoot: picked from the library, or uploaded into it on the spot.
import { openDialog } from "../lib/dialog.js";
import { debounce, h, replace } from "../lib/dom.js";
import { search } from "../lib/filters.js";
import { pagedList } from "../lib/paged.js";
import { complain } from "../lib/problems.js";
import { t } from "../lib/words.js";
import { uploadAll } from "./uploading.js";

export const thumbnail = (id) => `/v1/assets/${id}/renditions/thumbnail`;

// `unit()` is the unit whose library is used. Gives {element, ids()}, and {form}: the same as a form that needs one at least.
export function photoField(ids, unit, mayUpload, onchange = () => {}) {
  let chosen = [...ids];
  const strip = h("div", { class: "photos" });
  const uploads = h("ul", { class: "uploads" });
  const trouble = h("div", { class: "text-red small", role: "alert" });
  const file = h("input", { type: "file", accept: "image/*", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-label": t("assets.upload"), onchange: () => take(file.files) });
  const set = (next) => {
    chosen = next;
    trouble.textContent = "";
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

  const element = h("div", { class: "field field-wide" }, h("span", { class: "form-label" }, t("articles.photos")), strip, uploads, file, trouble,
    h("div", { class: "btn-list mt-2" },
      h("button", { class: "btn btn-sm", type: "button", onclick: () => pick(unit(), chosen, set) }, t("articles.pick")),
      mayUpload && h("button", { class: "btn btn-sm", type: "button", onclick: () => file.click() }, t("assets.upload"))));
  const check = () => {
    trouble.textContent = chosen.length ? "" : t("form.needed");
    return chosen.length > 0;
  };
  draw();
  return { element, ids: () => chosen, form: { element, check, values: () => ({ asset_ids: chosen }), blame: () => {} } };
}

function pick(unit, chosen, set) {
  const picked = new Set(chosen);
  const grid = h("div", { class: "photos" });
  const words = search("q", t("assets.search"));
  const list = pagedList({
    path: "/v1/assets", holder: grid, query: () => ({ unit_id: unit, status: "available", kind: "image", ...words.query() }), empty: () => t("articles.no_photos"),
    row: (asset) => h("button", { class: "photo", type: "button", title: asset.title, "aria-pressed": String(picked.has(asset.id)), onclick: (event) => turn(event.currentTarget, asset.id) },
      h("img", { src: thumbnail(asset.id), alt: asset.title, loading: "lazy" })),
  });
  const turn = (button, id) => {
    picked[picked.has(id) ? "delete" : "add"](id);
    button.setAttribute("aria-pressed", String(picked.has(id)));
  };
  const choose = () => {
    set([...chosen.filter((id) => picked.has(id)), ...[...picked].filter((id) => !chosen.includes(id))]);
    dialog.close();
  };
  const dialog = openDialog(t("articles.pick"), [h("div", { class: "mb-3", oninput: debounce(() => list.reload(), 300) }, words.element), grid, list.foot,
    h("div", { class: "sheet-foot" }, h("button", { class: "btn btn-primary", onclick: choose }, t("act.choose")))], { wide: true });
  list.reload().catch(complain);
}
