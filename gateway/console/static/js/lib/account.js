// One's own account: another password, and an end to every session.
import { del, put, toSignIn } from "./api.js";
import { ask, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { makeForm } from "./form.js";
import { complain, say } from "./problems.js";
import { t, word } from "./words.js";

export function openAccount(me) {
  const dialog = openDialog(t("account.menu"), h("div", {},
    h("p", {}, me.name, h("span", { class: "text-secondary" }, ` · ${word("role", me.role)}${me.login ? ` · ${me.login}` : ""}`)),
    h("div", { class: "sheet-foot" },
      me.login && h("button", { class: "btn", id: "change-password", onclick: () => { dialog.close(); changePassword(); } }, t("account.password")),
      h("button", { class: "btn", id: "sign-out-everywhere", onclick: signOutEverywhere }, t("account.everywhere")))));
}

async function changePassword() {
  const form = makeForm([
    { name: "password", type: "password", required: true, label: t("account.old_password") },
    { name: "new_password", type: "password", required: true, label: t("sign_in.new_password"), hint: t("sign_in.choose_hint"), max: 128 },
  ]);
  form.input("password").autocomplete = "current-password";
  form.input("new_password").autocomplete = "new-password";
  const done = await ask(t("account.password"), form, t("act.save"), () => put("/v1/me/password", { password: form.input("password").value, new_password: form.input("new_password").value }));
  if (done) say(t("account.changed"));
}

async function signOutEverywhere() {
  try {
    await del("/v1/sessions");
    toSignIn();
  } catch (problem) {
    complain(problem);
  }
}
