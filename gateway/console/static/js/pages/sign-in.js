// Signing in with an API key.
import { request } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { problemBox } from "../lib/problems.js";
import { language, speak, t } from "../lib/words.js";

document.title = `${t("sign_in.title")} · ${t("product")}`;
const root = document.getElementById("page");
const trouble = h("div", { role: "alert" });
const key = h("input", { id: "key", class: "form-control", type: "password", autocomplete: "current-password", required: true, placeholder: "mm_…", spellcheck: "false" });
const button = h("button", { class: "btn btn-primary w-100", type: "submit" }, t("sign_in.act"));

replace(root, h("main", { class: "sign-in" },
  h("div", { class: "sign-in-card card" }, h("div", { class: "card-body" },
    h("div", { class: "brand mb-3" }, h("span", { class: "mark", "aria-hidden": "true" }), t("product")),
    h("h1", { class: "h2" }, t("sign_in.title")),
    h("p", { class: "text-secondary" }, t("sign_in.how")),
    h("form", { onsubmit: signIn }, h("label", { class: "form-label", for: "key" }, t("sign_in.key")), key,
      h("div", { class: "form-hint mb-3" }, t("sign_in.hint")), trouble, button))),
  h("button", { class: "btn btn-ghost-secondary btn-sm", lang: language === "zh-CN" ? "en" : "zh-CN", onclick: () => speak(language === "zh-CN" ? "en" : "zh-CN") }, language === "zh-CN" ? "English" : "中文")));
root.removeAttribute("aria-busy");
key.focus();

async function signIn(event) {
  event.preventDefault();
  button.disabled = true;
  trouble.replaceChildren();
  try {
    await request("POST", "/v1/session", { body: { key: key.value.trim() } });
    location.replace(next());
  } catch (problem) {
    trouble.replaceChildren(problemBox(problem));
    key.select();
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
