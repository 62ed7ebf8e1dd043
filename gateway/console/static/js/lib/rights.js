// Whether one may still do what the page offers. Rights change while pages are open: the page then changes too.
import { get } from "./api.js";
import { h } from "./dom.js";
import { t } from "./words.js";

const ASK_MS = 5_000;

// Asked when something was refused, when the window is looked at again, and now and then.
export function watchRights(me, root) {
  const known = rightsOf(me);
  let told = false;
  const look = async () => {
    if (told || document.visibilityState !== "visible") return;
    const now = await get("/v1/me").catch(() => me); // nobody any more: `get` leads to the sign-in
    if (told || rightsOf(now) === known) return;
    told = true;
    // What somebody is writing is not thrown away.
    if (document.querySelector("dialog[open], main form")) root.prepend(notice());
    else location.reload();
  };
  addEventListener("matrix:refused", look);
  addEventListener("visibilitychange", look);
  setInterval(look, ASK_MS);
}

const rightsOf = ({ role, units, actions }) => JSON.stringify([role, units, actions]);

const notice = () => h("div", { class: "alert alert-warning m-2", role: "alert" }, t("rights.changed"), " ", h("button", { class: "btn btn-sm", onclick: () => location.reload() }, t("rights.reload")));
