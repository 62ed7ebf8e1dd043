// Small trends drawn as SVG, without the chart library.
import { svg } from "./dom.js";

const WIDTH = 84;
const HEIGHT = 22;

export function spark(values, description) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const top = Math.max(...known, 0);
  const bottom = Math.min(...known, 0);
  const span = top - bottom || 1;
  const step = WIDTH / values.length;
  const zero = (top / span) * (HEIGHT - 2) + 1;
  const bars = values.map((value, at) => {
    if (value === null || value === undefined) return null;
    const tall = Math.max(1, (Math.abs(value) / span) * (HEIGHT - 2));
    return svg("rect", { x: at * step, y: value >= 0 ? zero - tall : zero, width: Math.max(1, step - 2), height: tall, rx: 1 });
  });
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": description }, svg("title", {}, description), bars);
}
