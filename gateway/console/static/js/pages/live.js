// Live streams: is it running, who is watching, what comes next.
import { badge } from "../articles/view.js";
import { get, post } from "../lib/api.js";
import { makeDesk } from "../lib/desk.js";
import { ask } from "../lib/dialog.js";
import { choice } from "../lib/filters.js";
import { exact, writeMoment } from "../lib/format.js";
import { makeForm } from "../lib/form.js";
import { listen } from "../lib/live.js";
import { say } from "../lib/problems.js";
import { openPage, setStatus } from "../lib/shell.js";
import { allChannels, unitNames, unitOptions } from "../lib/things.js";
import { t, word } from "../lib/words.js";
import { enterRoom } from "../live/room.js";

const STATUSES = ["planned", "live", "ended"];

openPage("live", async (page) => {
  const [units, mine] = await Promise.all([unitNames(), unitOptions(page.me)]);
  let room = null; // the stream that is shown
  const desk = makeDesk(page, {
    path: "/v1/live-streams", empty: () => t("live.empty"), what: t("live.row"),
    filters: [choice("status", t("field.status"), STATUSES.map((each) => [each, word("live_status", each)])), choice("unit_id", t("field.unit_id"), mine)],
    row: (stream) => [stream.title, badge("live_status", stream.status), units.get(stream.unit_id), writeMoment(stream.started_at || stream.starts_at), stream.peak !== null && `${t("live.peak")} ${exact(stream.peak)}`],
    add: page.can("live_stream.write") && { label: t("live.plan"), make: () => plan(mine) },
    draw: async (pane, id) => {
      room = await enterRoom(pane, id, { units, mayWrite: page.can("live_stream.write"), changed: () => desk.changed(false) });
      return room.leave;
    },
  });
  listen({
    onstate: (link) => setStatus(page.status, link === "live" ? "green" : "yellow", t(link === "live" ? "fresh.live" : "fresh.waiting")),
    onchange(changed) {
      desk.changed(false);
      if (room && (changed === null || room.unit in changed)) room.look();
    },
  });
});

async function plan(units) {
  const channels = (await allChannels()).filter((each) => each.status === "active");
  const form = makeForm([
    { name: "unit_id", type: "select", required: true, options: units }, { name: "title", required: true, max: 200 },
    { name: "starts_at", type: "datetime-local", required: true },
    { name: "channel_id", type: "select", empty: null, options: [["", t("live.no_channel")], ...channels.map((each) => [each.id, `${each.name} · ${word("channel_kind", each.kind)}`])] },
    { name: "play_url", type: "url", empty: null, placeholder: "https://", hint: t("live.play_hint") }]);
  return ask(t("live.plan"), form, t("act.save"), async (values) => {
    const done = await post("/v1/live-streams", values);
    say(t("live.planned_done"));
    return done;
  });
}
