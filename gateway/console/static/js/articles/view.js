// One article as it stands: its text, where it appeared, and what may be done next.
import { get } from "../lib/api.js";
import { fact } from "../lib/desk.js";
import { h, replace } from "../lib/dom.js";
import { writeMoment } from "../lib/format.js";
import { complain } from "../lib/problems.js";
import { channelNames, namesOf, unitNames } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { cancelScheduled, fileReceipt, publish, submit, withdraw } from "./acts.js";
import { showRevisions } from "./revisions.js";
import { thumbnail } from "../assets/photos.js";

const EDITABLE = ["draft", "changes_requested", "rejected", "approved", "published"];

export const badge = (group, status) => h("span", { class: `badge badge-${status}` }, word(group, status));

// told: {edit(article), changed(), back()}
export async function showArticle(pane, page, id, told) {
  const [article, units, channels] = await Promise.all([get(`/v1/articles/${id}`), unitNames(), channelNames()]);
  const people = await namesOf([...article.author_ids, ...article.publications.map((each) => each.by)]);
  const run = (work) => async () => {
    try {
      if (await work() !== null) told.changed();
    } catch (problem) {
      complain(problem);
    }
  };
  replace(pane, h("article", { class: "card pane", "aria-labelledby": "article-title" },
    h("button", { class: "btn btn-sm btn-ghost-secondary d-md-none mb-2", onclick: told.back }, `‹ ${t("act.back")}`),
    h("header", { class: "pane-head" }, h("h1", { id: "article-title", tabindex: "-1" }, article.title), acts(article, page, told, run)),
    about(article, units, people),
    article.reason && ["draft", "changes_requested", "rejected", "withdrawn"].includes(article.status) && h("div", { class: "alert alert-warning" }, t("articles.reason", { reason: article.reason })),
    article.status === "submitted" && h("p", { class: "text-secondary", role: "status" }, t("articles.waiting")),
    preview(article),
    article.asset_ids.length > 0 && [h("h2", { class: "section-title" }, t("articles.photos")), h("div", { class: "photos" }, article.asset_ids.map(photo))],
    h("h2", { class: "section-title" }, t("articles.publications")),
    article.publications.length ? publications(article, channels, people, page.can("article.publish") ? run : null) : h("p", { class: "text-secondary m-0" }, t("articles.not_yet"))));
  pane.querySelector("h1").focus({ preventScroll: true });
  return article;
}

const act = (shown, label, work, look = "") => shown && h("button", { class: `btn btn-sm ${look}`, onclick: work }, label);

function acts(article, page, told, run) {
  const { status } = article;
  return h("div", { class: "pane-acts" },
    act(page.can("article.submit") && status === "draft", t("articles.submit"), run(() => submit(article)), "btn-primary"),
    act(page.can("article.publish") && ["approved", "published"].includes(status), t("articles.publish"), run(() => publish(article, page.me)), status === "approved" ? "btn-primary" : ""),
    act(page.can("article.write") && EDITABLE.includes(status), t("articles.edit"), () => told.edit(article)),
    act(true, t("articles.revisions"), () => showRevisions(article).catch(complain)),
    act(page.can("article.withdraw") && status !== "withdrawn", t(status === "submitted" ? "articles.retract" : "articles.withdraw"), run(() => withdraw(article)), status === "submitted" ? "" : "btn-outline-danger"));
}

function about(article, units, people) {
  const authors = article.author_ids.map((each) => people.get(each)).filter(Boolean);
  return h("dl", { class: "meta" },
    fact(t("field.status"), badge("article_status", article.status), h("span", {}, t("articles.revision", { n: article.revision }))),
    fact(t("field.unit_id"), units.get(article.unit_id) || article.unit_id), fact(t("field.kind"), word("article_kind", article.kind)),
    authors.length > 0 && fact(t("field.author_ids"), authors.join(t("comma"))), article.byline && fact(t("field.byline"), article.byline), fact(t("field.originality"), word("originality", article.originality)),
    article.event_ended_at && fact(t("field.event_ended_at"), writeMoment(article.event_ended_at)),
    article.tags.length > 0 && fact(t("field.tags"), article.tags.join(" · ")),
    article.topic && fact(t("field.topic"), article.topic), article.series && fact(t("field.series"), article.series),
    article.source_url && fact(t("field.source_url"), link(article.source_url)));
}

const photo = (asset) => h("a", { class: "photo", href: `/assets#${asset}` }, h("img", { src: thumbnail(asset), alt: t("articles.photos"), loading: "lazy" }));

// `run` does what a button of a row does; none for who may not publish.
function publications(article, channels, people, run) {
  const heads = ["channel_id", "status", "at", "revision", "url", "by"].map((each) => t(`field.${each}`));
  const row = (each) => h("tr", {}, publicationCells(each, channels, people).map((cell, at) => h("td", { "data-label": heads[at] }, cell)),
    h("td", { class: "text-end" },
      act(run && each.status === "published" && article.status !== "withdrawn", t("articles.receipt"), run?.(() => fileReceipt(article, each))),
      act(run && each.status === "scheduled", t("articles.cancel_scheduled"), run?.(() => cancelScheduled(article, each)))));
  return h("table", { class: "simple stacked" }, h("thead", {}, h("tr", {}, heads.map((each) => h("th", { scope: "col" }, each)), h("td", {}))),
    h("tbody", {}, article.publications.map(row)));
}

const publicationCells = (each, channels, people) => [
  channels.get(each.channel_id) || each.channel_id, badge("publication_status", each.status),
  each.status === "scheduled" ? t("articles.due", { at: writeMoment(each.at) }) : h("time", { datetime: each.at }, writeMoment(each.at)),
  each.revision ? each.revision : "—", each.url ? link(each.url) : each.status === "published" ? t("articles.no_link") : "—", people.get(each.by) || "—"];

// Links lead out by http only, whatever a record holds.
function link(url) {
  return /^https?:\/\//.test(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url.length > 60 ? `${url.slice(0, 57)}…` : url) : h("span", {}, url);
}

// The text in a frame of its own in which no script runs.
function preview(article) {
  const style = new URL("../../css/preview.css", import.meta.url).href;
  const frame = h("iframe", { class: "preview", sandbox: "allow-same-origin", title: t("articles.preview"), loading: "lazy",
    srcdoc: `<!doctype html><meta charset="utf-8"><base target="_blank"><link rel="stylesheet" href="${style}"><body>${article.body}` });
  frame.addEventListener("load", () => {
    const height = () => {
      if (!frame.contentDocument) return; // another article took its place
      frame.style.height = "0"; // else a frame is never told to be lower than it is
      frame.style.height = `${Math.min(2400, frame.contentDocument.documentElement.scrollHeight + 4)}px`;
    };
    height();
    setTimeout(height, 400);
  });
  return frame;
}
