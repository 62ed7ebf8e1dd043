// What can be done with an article besides writing it.
import { del, post, put } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { makeForm } from "../lib/form.js";
import { say } from "../lib/problems.js";
import { allChannels } from "../lib/things.js";
import { t, word } from "../lib/words.js";

const FITTING = { news: ["website"], wechat_post: ["wechat_oa"], video_post: ["douyin", "bilibili"] };

export async function submit(article) {
  await post(`/v1/articles/${article.id}/submission`);
  say(t("articles.submitted"));
}

export async function publish(article, me) {
  const seen = (channel) => me.units.includes("*") || me.units.includes(channel.unit_id);
  const taken = new Set(article.publications.filter((each) => each.status === "published").map((each) => each.channel_id));
  const open = (await allChannels()).filter((channel) => channel.status === "active" && seen(channel) && !(taken.has(channel.id) && article.status === "published"));
  if (!open.length) return say(t("articles.no_channel"), "warning");
  // Its own unit's channels of the usual kind come first.
  const rank = (channel) => (channel.unit_id === article.unit_id ? 0 : 2) + (FITTING[article.kind]?.includes(channel.kind) ? 0 : 1);
  open.sort((one, other) => rank(one) - rank(other));
  const label = (channel) => `${channel.name} · ${word("channel_kind", channel.kind)}${channel.tier === "none" ? "" : ` · ${word("tier", channel.tier)}`}`;
  const form = makeForm([
    { name: "channel_id", type: "select", required: true, options: open.map((channel) => [channel.id, label(channel)]) },
    { name: "at", type: "datetime-local", label: t("field.published_at"), hint: t("articles.publish_hint") },
    { name: "url", type: "url", placeholder: "https://" },
  ]);
  return ask(t("articles.publish"), form, t("articles.publish"), async ({ at, ...rest }) => {
    const planned = at && new Date(at) > new Date();
    if (planned) delete rest.url;
    await post(`/v1/articles/${article.id}/publications`, { ...rest, ...(at ? { [planned ? "due_at" : "published_at"]: at } : {}) });
    say(t(planned ? "articles.scheduled" : "articles.published"));
    return true;
  });
}

export function withdraw(article) {
  const back = article.status === "submitted" && !article.publications.some((each) => each.status === "published");
  const form = makeForm([{ name: "reason", type: "textarea", required: true, max: 500, hint: back ? undefined : t("articles.withdraw_warn") }]);
  const verb = t(back ? "articles.retract" : "articles.withdraw");
  return ask(verb, form, verb, async (values) => {
    await post(`/v1/articles/${article.id}/withdrawal`, values);
    say(t(back ? "articles.retracted" : "articles.withdrawn"));
    return true;
  }, { danger: !back });
}

export function fileReceipt(article, publication) {
  const form = makeForm([{ name: "url", type: "url", required: true, value: publication.url, placeholder: "https://" }]);
  return ask(t("articles.receipt"), form, t("act.save"), async (values) => {
    await put(`/v1/articles/${article.id}/publications/${publication.id}/receipt`, values);
    say(t("articles.receipt_saved"));
    return true;
  });
}

export async function cancelScheduled(article, publication) {
  await del(`/v1/articles/${article.id}/publications/${publication.id}`);
  say(t("articles.cancelled"));
}
