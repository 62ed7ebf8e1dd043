// Charts with ECharts, loaded when the first one is drawn.
import { clock, exact } from "./format.js";

const LIBRARY = new URL("../../vendor/echarts/echarts.simple.min.js", import.meta.url).href;
const BLUE = "#0054a6";
let library = null;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => resolve(window.echarts);
    script.onerror = () => reject(new Error("the chart library did not load"));
    document.head.append(script);
  });
  return library;
}

async function draw(el, option, description) {
  const echarts = await load();
  if (!el.isConnected) return;
  el.setAttribute("role", "img");
  el.setAttribute("aria-label", description);
  const chart = echarts.getInstanceByDom(el) || echarts.init(el, null, { renderer: "canvas" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || matchMedia("print").matches;
  chart.setOption({ animation: !still, animationDuration: 300, textStyle: { fontFamily: getComputedStyle(el).fontFamily }, ...option }, true);
  if (!el.dataset.watched) {
    el.dataset.watched = "1";
    new ResizeObserver(() => chart.resize()).observe(el);
  }
}

const GRID = { left: 4, right: 8, top: 20, bottom: 4, containLabel: true };
const SPLIT = { lineStyle: { color: "#e6e7e9" } };
const LABEL = { fontSize: 11, color: "#667382" };

// points: [{label, value | null}]; marked: index of the bar that stands out
export function bars(el, points, { write = exact, description = "", marked = -1, percent = false } = {}) {
  return draw(el, {
    grid: GRID,
    xAxis: { type: "category", data: points.map((point) => point.label), axisTick: { show: false }, axisLabel: LABEL, axisLine: SPLIT },
    yAxis: { type: "value", splitNumber: 3, splitLine: SPLIT, axisLabel: { ...LABEL, formatter: write }, max: percent ? 1 : undefined },
    series: [{
      type: "bar", barMaxWidth: 26, itemStyle: { borderRadius: [2, 2, 0, 0] },
      data: points.map((point, at) => ({ value: point.value, itemStyle: { color: marked >= 0 && marked !== at ? "#9cc0e6" : BLUE } })),
      label: { show: points.length <= 12, position: "top", fontSize: 10, color: "#485566", formatter: ({ value }) => (value === null || value === undefined ? "" : write(value)) },
    }],
  }, description);
}

// points: [[ISO moment or number, value]]
export function line(el, points, { write = exact, description = "" } = {}) {
  return draw(el, {
    grid: GRID,
    xAxis: { type: "time", axisLabel: { ...LABEL, hideOverlap: true, formatter: clock }, axisLine: SPLIT, splitLine: { show: false } },
    yAxis: { type: "value", splitNumber: 4, splitLine: SPLIT, axisLabel: { ...LABEL, formatter: write } },
    series: [{ type: "line", data: points, showSymbol: points.length < 60, symbolSize: 5, lineStyle: { color: BLUE, width: 2 }, itemStyle: { color: BLUE }, areaStyle: { color: "rgba(0,84,166,.08)" } }],
  }, description);
}

