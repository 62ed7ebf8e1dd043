// A list of uploads under way: progress, rate, time left.
import { h, replace } from "../lib/dom.js";
import { bytes, ratio } from "../lib/format.js";
import { problemText } from "../lib/problems.js";
import { upload } from "../lib/tus.js";
import { t } from "../lib/words.js";

const TOGETHER = 2;

// Uploads files, two at a time; `done(assetId)` after each. Gives when all are through.
export async function uploadAll(files, meta, list, done) {
  const waiting = [...files].map((file) => [file, line(file, list)]);
  await Promise.all(Array.from({ length: TOGETHER }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await one(next[0], next[1], meta, done);
  }));
}

function line(file, list) {
  const bar = h("progress", { max: file.size, value: 0, "aria-label": file.name });
  const says = h("span", { class: "text-secondary", role: "status" }, bytes(file.size));
  const element = h("li", {}, h("div", { class: "upload-line" }, h("span", { class: "text-truncate" }, file.name), says), bar);
  list.append(element);
  return { element, bar, says };
}

async function one(file, { element, bar, says }, meta, done) {
  try {
    const title = file.name.replace(/\.[^.]+$/, "").slice(0, 200);
    const id = await upload(file, { title, ...meta }, {
      onprogress(sent, rate) {
        bar.value = sent;
        replace(says, t("assets.progress", { percent: ratio(sent / file.size), rate: bytes(Math.round(rate)), left: Math.ceil((file.size - sent) / rate) }));
      },
      onstate: (state) => replace(says, t(`assets.${state}`)),
    });
    bar.value = file.size;
    replace(says, t("assets.uploaded"));
    setTimeout(() => element.remove(), 3000);
    done(id);
  } catch (problem) {
    element.classList.add("text-red");
    replace(says, `${t("assets.failed")}${t("colon")}${problemText(problem)}`);
    bar.remove();
    setTimeout(() => element.remove(), 20000);
  }
}
