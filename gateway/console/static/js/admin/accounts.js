// Accounts and their API keys. A change acts at once; a key's secret is shown once.
import { del, get, patch, post } from "../lib/api.js";
import { back, buttons, fact, makeDesk } from "../lib/desk.js";
import { ask, openDialog } from "../lib/dialog.js";
import { h, replace } from "../lib/dom.js";
import { writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const ROLES = ["admin", "office_editor", "college_editor", "correspondent", "photographer", "viewer", "ops"];
const EVERY = "*";

export async function accounts(page) {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  const options = page.me.units.includes(EVERY) ? [[EVERY, t("accounts.every_unit")], ...mine] : mine;
  const where = (account) => (account.units.includes(EVERY) ? t("accounts.every_unit") : account.units.map((id) => units.get(id) || id).join(t("comma")) || t("accounts.no_unit"));
  makeDesk(page, {
    path: "/v1/accounts", empty: () => t("accounts.empty"), what: t("accounts.row"),
    row: (account) => [account.name || t("accounts.nameless"), h("span", { class: "badge" }, word("role", account.role)), account.disabled && disabled(), h("span", { class: "text-truncate mw-100" }, where(account))],
    add: { label: t("accounts.add"), make: () => write(null, options) },
    draw: async (pane, id, desk) => drawAccount(pane, await get(`/v1/accounts/${id}`), { where, options, me: page.me, changed: desk.changed }),
  });
}

const disabled = () => h("span", { class: "badge badge-rejected" }, t("accounts.disabled"));

function drawAccount(pane, account, { where, options, me, changed }) {
  const self = account.id === me.id;
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "account-name" }, back(),
    h("header", { class: "pane-head" }, h("h1", { id: "account-name", tabindex: "-1" }, account.name || t("accounts.nameless")), buttons([
      [true, t("accounts.change"), () => write(account, options), "btn-primary"],
      [!account.disabled && account.login, t("accounts.give_password"), () => givePassword(account)],
      [!account.disabled, t("accounts.issue"), () => issue(account)],
      [account.disabled, t("accounts.enable"), () => turn(account, false)],
      [!account.disabled && !self, t("accounts.disable"), () => turn(account, true), "btn-outline-danger"]], changed)),
    h("dl", { class: "meta" }, fact(t("field.role"), word("role", account.role)), account.disabled && fact(t("field.status"), disabled()), fact(t("field.login"), account.login || "—"), account.login && fact(t("field.password"), standing(account.sign_in)), fact(t("field.units"), where(account)), fact(t("accounts.since"), writeMoment(account.created_at))),
    h("h2", { class: "section-title" }, t("accounts.keys")),
    account.keys.length ? keyTable(account.keys, changed) : h("p", { class: "text-secondary m-0" }, t("accounts.no_keys"))));
  pane.querySelector("h1").focus({ preventScroll: true });
}

const standing = (password) => (!password ? t("accounts.no_password") : password.expires_at ? t("accounts.one_time", { at: writeMoment(password.expires_at) }) : t("accounts.chosen", { at: writeMoment(password.set_at) }));

function keyTable(keys, changed) {
  const heads = ["accounts.label", "accounts.prefix", "accounts.issued_at", "accounts.expires_at", "accounts.last_used"];
  const state = (key) => (key.revoked_at ? t("accounts.revoked_at", { at: writeMoment(key.revoked_at) }) : new Date(key.expires_at) < new Date() ? t("accounts.expired") : "");
  return h("table", { class: "simple stacked" },
    h("thead", {}, h("tr", {}, heads.map((each) => h("th", { scope: "col" }, t(each))), h("td", {}))),
    h("tbody", {}, [...keys].reverse().map((key) => h("tr", { class: state(key) ? "text-secondary" : "" },
      h("td", { "data-label": t(heads[0]) }, key.label), h("td", { "data-label": t(heads[1]) }, h("code", {}, `mm_${key.prefix}_…`)), h("td", { "data-label": t(heads[2]) }, writeMoment(key.created_at)),
      h("td", { "data-label": t(heads[3]) }, writeMoment(key.expires_at)), h("td", { "data-label": t(heads[4]) }, writeMoment(key.last_used_at)),
      h("td", { class: "text-end" }, state(key) || buttons([[true, t("accounts.revoke"), () => revoke(key), "btn-outline-danger"]], changed))))));
}

// A new account, or another name, role or units for one.
function write(account, options) {
  const form = makeForm([
    { name: "name", required: true, max: 100, value: account?.name, label: t("accounts.name") },
    { name: "role", type: "select", required: true, value: account?.role || "college_editor", options: ROLES.map((role) => [role, word("role", role)]) },
    { name: "login", max: 64, value: account?.login ?? "", empty: account ? null : undefined, wide: true, hint: t("accounts.login_hint") },
    { name: "units", type: "checks", required: true, value: account?.units || [], options, wide: true, hint: t("accounts.units_hint") }], { columns: true });
  const title = t(account ? "accounts.change" : "accounts.add");
  return ask(title, form, t("act.save"), async ({ units, ...rest }) => {
    const values = { ...rest, units: units.includes(EVERY) ? [EVERY] : units };
    const done = account ? await patch(`/v1/accounts/${account.id}`, values) : await post("/v1/accounts", values);
    say(t(account ? "accounts.changed" : "accounts.added"));
    return done;
  });
}

async function turn(account, off) {
  await patch(`/v1/accounts/${account.id}`, { disabled: off });
  say(t(off ? "accounts.is_disabled" : "accounts.is_enabled"));
  return true;
}

async function issue(account) {
  const form = makeForm([{ name: "label", required: true, max: 100, label: t("accounts.label"), hint: t("accounts.label_hint") }, { name: "days", type: "number", required: true, min: 1, most: 3650, value: 365, label: t("accounts.days") }]);
  const made = await ask(t("accounts.issue"), form, t("accounts.issue"), (values) => post(`/v1/accounts/${account.id}/keys`, values));
  if (made) await showOnce(t("accounts.secret"), made.key);
  return made;
}

// A password for one sign-in, at which the person chooses another.
async function givePassword(account) {
  const form = { element: h("p", { class: "mb-0" }, t("accounts.password_sure", { login: account.login })), check: () => true, values: () => ({}), blame: () => {} };
  const made = await ask(t("accounts.give_password"), form, t("accounts.give_password"), () => post(`/v1/accounts/${account.id}/password`));
  if (made) await showOnce(t("accounts.password"), made.one_time_password);
  return made;
}

function showOnce(title, secret) {
  const text = h("input", { class: "form-control font-monospace", readonly: true, value: secret || "", "aria-label": title, onfocus: (event) => event.target.select() });
  const copy = async () => {
    text.select();
    await navigator.clipboard?.writeText(text.value).catch(() => {}); // refused on plain http: it is selected
    say(t("accounts.copied"));
  };
  const dialog = openDialog(title, [h("p", {}, t("accounts.secret_once")), h("div", { class: "input-group" }, text, h("button", { class: "btn", type: "button", onclick: copy }, t("accounts.copy"))),
    h("div", { class: "sheet-foot" }, h("button", { class: "btn btn-primary", onclick: () => dialog.close() }, t("accounts.kept")))]);
  text.focus();
  return new Promise((resolve) => dialog.addEventListener("close", resolve));
}

async function revoke(key) {
  const form = { element: h("p", { class: "mb-0" }, t("accounts.revoke_sure", { label: key.label })), check: () => true, values: () => ({}), blame: () => {} };
  return ask(t("accounts.revoke"), form, t("accounts.revoke"), async () => {
    await del(`/v1/keys/${key.id}`);
    say(t("accounts.revoked"));
    return true;
  }, { danger: true });
}
