// The asset library: what pictures there are, and new ones in.
import { uploadAll } from "../assets/uploading.js";
import { badge } from "../articles/view.js";
import { get, patch, post } from "../lib/api.js";
import { ask, openDialog } from "../lib/dialog.js";
import { debounce, h } from "../lib/dom.js";
import { bytes, exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { onKey, walkable } from "../lib/keys.js";
import { pagedList } from "../lib/paged.js";
import { complain, say } from "../lib/problems.js";
import { openPage } from "../lib/shell.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const rendition = (asset, name) => `/v1/assets/${asset.id}/renditions/${name}`;

openPage("assets", async (page) => {
  const [units, options] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const library = h("div", { class: "library" });
  const filters = makeFilters(options, () => list.reload());
  const list = pagedList({
    path: "/v1/assets", holder: library, empty: () => t(page.can("asset.write") && options.length ? "assets.empty" : "assets.none"), row: (asset) => card(asset, units, openHash),
    query: () => Object.fromEntries(Object.entries(filters).map(([name, input]) => [name, input.value.trim()])),
  });
  page.main.append(h("div", { class: "bar-line" }, h("h1", { class: "title" }, t("nav.assets")), Object.values(filters)),
    page.can("asset.write") && options.length > 0 ? uploader(options, () => list.reload()) : "", library, list.foot);
  walkable(() => [...library.querySelectorAll(".asset")], t("assets.row"));
  onKey(["Enter"], t("keys.open"), () => document.activeElement?.click?.());
  addEventListener("hashchange", openHash);
  list.reload();
  openHash();

  async function openHash() {
    const id = location.hash.slice(1);
    if (!id) return;
    try {
      showAsset(await get(`/v1/assets/${id}`), units, page.can("asset.write"), () => list.reload());
    } catch (problem) {
      complain(problem);
    }
  }
});

function makeFilters(units, reload) {
  const select = (label, values) => h("select", { class: "form-select form-select-sm w-auto", "aria-label": label, onchange: reload }, h("option", { value: "" }, label), values.map(([value, text]) => h("option", { value }, text)));
  const typed = (label) => h("input", { class: "form-control form-control-sm w-auto", type: "search", placeholder: label, "aria-label": label, maxlength: 50, oninput: debounce(reload, 300) });
  const words = (group, values) => values.map((each) => [each, word(group, each)]);
  return {
    q: typed(t("assets.search")), tag: typed(t("assets.tag")), unit_id: select(t("field.unit_id"), units),
    kind: select(t("field.kind"), words("asset_kind", ["image", "video"])), status: select(t("field.status"), words("asset_status", ["available", "withdrawn"])),
  };
}

// Files come in by a button, a key, or dropped anywhere on the page.
function uploader(units, done) {
  const uploads = h("ul", { class: "uploads" });
  const into = h("select", { class: "form-select form-select-sm w-auto", id: "into" }, units.map(([value, text]) => h("option", { value }, text)));
  const file = h("input", { type: "file", accept: "image/*,video/*", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-label": t("assets.upload"), onchange: () => take(file.files) });
  onKey(["u"], t("assets.upload"), () => file.click());
  dropOn(document.body, take);
  return h("div", {}, h("div", { class: "bar-line" }, h("label", { class: "text-secondary small", for: "into" }, t("assets.unit_first")), into, h("button", { class: "btn btn-sm btn-primary", onclick: () => file.click() }, t("assets.upload")), file), uploads);

  async function take(files) {
    await uploadAll(files, { unit_id: into.value }, uploads, done);
    file.value = "";
  }
}

function card(asset, units, openHash) {
  return h("button", { class: "asset", dataset: { id: asset.id }, onclick: () => (location.hash === `#${asset.id}` ? openHash() : (location.hash = asset.id)) },
    h("span", { class: "asset-picture" }, asset.files_removed ? t("assets.gone") : picture(asset)),
    h("span", { class: "asset-words" }, h("span", { class: "asset-title d-block" }, asset.title),
      h("span", { class: "row-meta" }, asset.status !== "available" && badge("asset_status", asset.status), h("span", {}, units.get(asset.unit_id) || ""), h("span", {}, bytes(asset.bytes)))));
}

function showAsset(asset, units, mayWrite, reload) {
  const again = () => {
    reload();
    dialog.close();
  };
  const may = mayWrite && asset.status === "available";
  const dialog = openDialog(asset.title, [
    asset.files_removed ? h("p", { class: "empty-note" }, t("assets.gone")) : h("img", { class: "asset-large", src: rendition(asset, asset.media_type.startsWith("image/") ? "web" : "thumbnail"), alt: asset.title }),
    h("div", { class: "meta" }, about(asset, units).filter(Boolean).map((each) => h("div", {}, each))),
    h("div", { class: "btn-list" },
      may && h("button", { class: "btn btn-sm", onclick: () => describe(asset, again).catch(complain) }, t("assets.describe")),
      !asset.files_removed && h("a", { class: "btn btn-sm", href: rendition(asset, "original"), download: asset.filename }, t("assets.original")),
      may && h("button", { class: "btn btn-sm btn-outline-danger", onclick: () => withdraw(asset, again).catch(complain) }, t("assets.withdraw")))], { wide: true });
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname));
}

const about = (asset, units) => [
  badge("asset_status", asset.status), units.get(asset.unit_id), t("assets.size", { w: exact(asset.width), h: exact(asset.height), bytes: bytes(asset.bytes) }),
  asset.photographer && `${t("field.photographer")}${t("colon")}${asset.photographer}`, asset.taken_at && t("assets.taken", { at: writeMoment(asset.taken_at) }), asset.camera,
  t("assets.added", { at: writeMoment(asset.added_at) }), asset.tags.join(" · "), asset.reason && `${t("field.reason")}${t("colon")}${asset.reason}`];

function picture(asset) {
  const image = h("img", { src: rendition(asset, "thumbnail"), alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.replaceWith(t("assets.no_picture")));
  return image;
}

async function describe(asset, done) {
  const form = makeForm([{ name: "title", required: true, value: asset.title, max: 200 }, { name: "tags", value: asset.tags.join(", "), list: true, hint: t("articles.tags_hint") }]);
  if (await ask(t("assets.describe"), form, t("act.save"), (values) => patch(`/v1/assets/${asset.id}`, values))) {
    say(t("assets.described"));
    done();
  }
}

async function withdraw(asset, done) {
  const form = makeForm([{ name: "reason", type: "textarea", required: true, max: 500 }]);
  if (await ask(t("assets.withdraw"), form, t("assets.withdraw"), (values) => post(`/v1/assets/${asset.id}/withdrawal`, values), { danger: true })) {
    say(t("assets.withdrawn"));
    done();
  }
}

function dropOn(el, take) {
  el.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    el.classList.add("dropping");
  });
  el.addEventListener("dragleave", () => el.classList.remove("dropping"));
  el.addEventListener("drop", (event) => {
    event.preventDefault();
    el.classList.remove("dropping");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}
