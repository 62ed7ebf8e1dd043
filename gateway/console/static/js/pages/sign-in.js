// Signing in: with login and password, or with an API key.
import { request } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { problemBox } from "../lib/problems.js";
import { language, speak, t } from "../lib/words.js";

document.title = `${t("sign_in.title")} · ${t("product")}`;
const root = document.getElementById("page");
const trouble = h("div", { role: "alert" });
const other = h("button", { class: "btn btn-link btn-sm w-100 mt-2", id: "other", type: "button", onclick: () => show(way === ways.person ? ways.program : ways.person) });
const button = h("button", { class: "btn btn-primary w-100", type: "submit" });
const fields = h("div");

const field = (name, type, more = {}) => h("div", { class: "mb-3" },
  h("label", { class: "form-label", for: name }, t(`sign_in.${name}`)),
  h("input", { id: name, name, class: "form-control", type, required: true, spellcheck: "false", autocapitalize: "none", ...more }));

const ways = {
  person: { how: "sign_in.how", act: "sign_in.act", other: "sign_in.with_key",
    fields: () => [field("login", "text", { autocomplete: "username" }), field("password", "password", { autocomplete: "current-password" })] },
  program: { how: "sign_in.how_key", act: "sign_in.act", other: "sign_in.with_password",
    fields: () => [field("key", "password", { autocomplete: "off", placeholder: "mm_…" }), h("div", { class: "form-hint mb-3" }, t("sign_in.hint"))] },
};
// Where the password was a one-time one: the same person chooses another before anything else.
const choosing = { how: "sign_in.choose", act: "sign_in.choose_act", other: "sign_in.with_password",
  fields: () => [field("new_password", "password", { autocomplete: "new-password", minlength: 10, maxlength: 128 }), h("div", { class: "form-hint mb-3" }, t("sign_in.choose_hint"))] };
let way = ways.person;
let known = {};

const how = h("p", { class: "text-secondary" });
replace(root, h("main", { class: "sign-in" },
  h("div", { class: "sign-in-card card" }, h("div", { class: "card-body" },
    h("div", { class: "brand mb-3" }, h("span", { class: "mark", "aria-hidden": "true" }), t("product")),
    h("h1", { class: "h2" }, t("sign_in.title")), how,
    h("form", { onsubmit: signIn }, fields, trouble, button), other)),
  h("button", { class: "btn btn-ghost-secondary btn-sm", lang: language === "zh-CN" ? "en" : "zh-CN", onclick: () => speak(language === "zh-CN" ? "en" : "zh-CN") }, language === "zh-CN" ? "English" : "中文")));
root.removeAttribute("aria-busy");
show(ways.person);

function show(next) {
  way = next;
  if (way !== choosing) known = {};
  how.textContent = t(way.how);
  button.textContent = t(way.act);
  other.textContent = t(way.other);
  trouble.replaceChildren();
  replace(fields, way.fields());
  fields.querySelector("input").focus();
}

async function signIn(event) {
  event.preventDefault();
  button.disabled = true;
  trouble.replaceChildren();
  const typed = Object.fromEntries([...fields.querySelectorAll("input")].map((each) => [each.name, each.type === "password" && each.name !== "key" ? each.value : each.value.trim()]));
  try {
    await request("POST", "/v1/session", { body: { ...known, ...typed } });
    location.replace(next());
  } catch (problem) {
    if (problem.code === "password.must_change") {
      known = typed;
      show(choosing);
      return;
    }
    trouble.replaceChildren(problemBox(problem));
    [...fields.querySelectorAll("input")].at(-1).select();
  } finally {
    button.disabled = false;
  }
}

// Only a path of this site: another address in the link leads nowhere.
function next() {
  const wanted = new URLSearchParams(location.search).get("next") || "/";
  const url = new URL(wanted, location.origin);
  return url.origin === location.origin && wanted.startsWith("/") ? url.pathname + url.search + url.hash : "/";
}
