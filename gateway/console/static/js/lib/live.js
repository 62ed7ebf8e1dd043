// News of changes: one event stream; when it breaks the browser comes back by itself.
import { get, toSignIn } from "./api.js";

// told: {onchange(units | null, position), onstate("live" | "waiting" | "denied")}
// Where thousands are told at once the platform says over how long they may spread their questions.
export function listen(told) {
  let source = null;
  const open = () => {
    source = new EventSource("/v1/stream");
    source.addEventListener("hello", (event) => told.onstate("live", JSON.parse(event.data || "{}").position));
    source.addEventListener("change", (event) => {
      const { position, units, spread_ms: spread = 0 } = JSON.parse(event.data);
      told.onstate("live", position);
      if (spread) setTimeout(told.onchange, Math.random() * spread, units, position);
      else told.onchange(units, position);
    });
    source.addEventListener("resync", () => told.onchange(null));
    source.addEventListener("denied", () => {
      source.close();
      told.onstate("denied");
      // This browser may just have got another session (a new password): who has none is led to sign in by the answer.
      setTimeout(() => get("/v1/me").then(open, (problem) => problem.status !== 401 && toSignIn()), 1500);
    });
    source.onopen = () => told.onstate("live");
    source.onerror = () => {
      told.onstate("waiting");
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 10000); // refused once: ask again
    };
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
}
