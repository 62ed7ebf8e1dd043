// The channels of a unit: opened, renamed, at rest, closed; and the followers counted on them.
import { post } from "../lib/api.js";
import { buttons } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { writeDay } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { t, word } from "../lib/words.js";

const KINDS = ["website", "wechat_oa", "douyin", "bilibili", "other"];
const TIERS = ["none", "college_site", "school_home"];
const NEXT = { building: ["active", "closed"], active: ["dormant", "closed"], dormant: ["active", "closed"], closed: [] };
const options = (group, values) => values.map((each) => [each, word(group, each)]);
const now = () => new Date().toISOString();

export function channelTable(channels, may, mayCount, changed) {
  const heads = ["name", "kind", "tier", "status", "opened_at"].map((each) => t(`field.${each}`));
  return h("table", { class: "simple stacked" },
    h("thead", {}, h("tr", {}, heads.map((each) => h("th", { scope: "col" }, each)), may && h("td", {}))),
    h("tbody", {}, channels.map((each) => h("tr", {},
      h("td", { "data-label": heads[0] }, each.name, each.official && h("span", { class: "badge ms-1" }, t("channels.official")), each.handle && h("div", { class: "text-secondary small" }, each.handle)),
      h("td", { "data-label": heads[1] }, word("channel_kind", each.kind)), h("td", { "data-label": heads[2] }, word("tier", each.tier)),
      h("td", { "data-label": heads[3] }, h("span", { class: `badge badge-channel-${each.status}` }, word("channel_status", each.status))), h("td", { class: "text-nowrap", "data-label": heads[4] }, writeDay(each.opened_at)),
      may && h("td", {}, buttons([
        [each.status !== "closed", t("channels.rename"), () => rename(each)], [NEXT[each.status].length, t("channels.status"), () => step(each)],
        [mayCount && each.kind !== "website", t("channels.count"), () => count(each)]], changed))))));
}

export function openChannel(unit) {
  const form = makeForm([{ name: "name", required: true, max: 100, wide: true }, { name: "kind", type: "select", required: true, options: options("channel_kind", KINDS) },
    { name: "tier", type: "select", options: options("tier", TIERS), hint: t("channels.tier_hint") }, { name: "handle", max: 100, empty: null, hint: t("channels.handle_hint") },
    { name: "status", type: "select", value: "active", options: options("channel_status", ["active", "building"]) },
    { name: "opened_at", type: "datetime-local", required: true, value: now() }, { name: "official", type: "checks", label: t("channels.official"), options: [["yes", t("channels.official_yes")]] }], { columns: true });
  return ask(t("channels.open"), form, t("act.save"), async ({ official, ...values }) => {
    const done = await post("/v1/channels", { ...values, official: official.length > 0, unit_id: unit.id });
    say(t("channels.opened"));
    return done;
  });
}

function rename(channel) {
  return tell(t("channels.rename"), makeForm([{ name: "name", required: true, max: 100, value: channel.name }]), `/v1/channels/${channel.id}/name`, "channels.renamed");
}

function step(channel) {
  const form = makeForm([{ name: "status", type: "select", required: true, options: options("channel_status", NEXT[channel.status]) }, { name: "at", type: "datetime-local", label: t("channels.step_at"), hint: t("channels.step_hint") }]);
  return tell(`${t("channels.status")} · ${channel.name}`, form, `/v1/channels/${channel.id}/status`, "channels.stepped");
}

function count(channel) {
  const form = makeForm([{ name: "followers", type: "number", min: 0, required: true }, { name: "taken_at", type: "datetime-local", required: true, value: now(), hint: t("channels.count_hint") }]);
  return ask(`${t("channels.count")} · ${channel.name}`, form, t("act.save"), async (values) => {
    await post(`/v1/channels/${channel.id}/snapshots`, values);
    say(t("channels.counted"));
    return true;
  });
}

function tell(title, form, path, says) {
  return ask(title, form, t("act.save"), async (values) => {
    await post(path, values);
    say(t(says));
    return true;
  });
}
