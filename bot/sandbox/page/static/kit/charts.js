// Charts: pie, bar, area and line, drawn for the width there is, with the same numbers as a table for screen readers.

import { h, replace, svg } from "../dom.js";
import { isolated } from "./inline.js";
import { asList, asRecord, asText, cut } from "../safe.js";

const MOST_SERIES = 12;
const MOST_POINTS = 60;
const COLOURS = 8;
const HEIGHT = 220;
const PIE = 168;
const NARROWEST = 220;
const FIRST_WIDTH = 520;
const LETTER = 6.4;
const LONGEST_CATEGORY = 12;
const TICKS = 4;

const DRAWINGS = { bar: drawBars, area: drawAreas, line: drawLines };

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });
const percent = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 });

/** Show a chart. */
export function chartBlock(block) {
  const chart = asRecord(block.chart);
  const title = asText(block.title) || "Chart";
  if (chart.type === "pie") return pieNode(title, segmentsOf(chart));
  if (Object.hasOwn(DRAWINGS, asText(chart.type))) return plotNode(title, plotOf(chart), DRAWINGS[chart.type]);
  return frame(title, h("div", { class: "bk-note" }, `A chart of the type ${asText(chart.type) || "unknown"}`));
}

function frame(title, ...content) {
  return h("figure", { class: "bk-chart" }, h("figcaption", { class: "bk-chart-title" }, isolated(title)), content);
}

function pieNode(title, segments) {
  const total = segments.reduce((sum, { value }) => sum + value, 0);
  if (!total) return frame(title, nothing());
  const entries = segments.map(({ label, value }) => [
    label,
    `${exact.format(value)} (${percent.format(value / total)})`,
  ]);
  const middle = PIE / 2;
  const drawing = svg("svg", {
    class: "bk-pie",
    viewBox: `0 0 ${PIE} ${PIE}`,
    role: "img",
    "aria-label": `Pie chart: ${title}`,
  });
  let from = 0;
  segments.forEach(({ value }, index) => {
    const to = from + value / total;
    drawing.append(slice(middle, from, to, index, entries[index].join(": ")));
    from = to;
  });
  const table = hiddenTable(title, ["Segment", "Value"], entries);
  return frame(title, h("div", { class: "bk-pie-row" }, drawing, legend(entries)), table);
}

function slice(middle, from, to, index, words) {
  const radius = middle - 2;
  const properties = { class: `bk-mark ${fill(index)}` };
  const tip = svg("title", null, words);
  // An arc from a point to itself is no circle.
  if (to - from > 0.9999) return svg("circle", { ...properties, cx: middle, cy: middle, r: radius }, tip);
  const point = (share) => {
    const angle = 2 * Math.PI * share - Math.PI / 2;
    return `${round(middle + radius * Math.cos(angle))} ${round(middle + radius * Math.sin(angle))}`;
  };
  const isLarge = to - from > 0.5 ? 1 : 0;
  const d = `M${middle} ${middle}L${point(from)}A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}Z`;
  return svg("path", { ...properties, d }, tip);
}

function plotNode(title, plot, draw) {
  if (!plot.series.length || !plot.categories.length) return frame(title, nothing());
  const stage = h("div", { class: "bk-plot" });
  const paint = (width) => replace(stage, plotDrawing(title, plot, draw, Math.max(NARROWEST, Math.round(width))));
  let width = FIRST_WIDTH;
  paint(width);
  new ResizeObserver(([{ contentRect }]) => {
    if (!contentRect.width || contentRect.width === width) return;
    width = contentRect.width;
    paint(width);
  }).observe(stage);
  const names = plot.series.map(({ name }) => [name]);
  const rows = plot.categories.map((category, index) => [
    category,
    ...plot.series.map(({ values }) => (values[index] === null ? "–" : exact.format(values[index]))),
  ]);
  const table = hiddenTable(title, [plot.xLabel || "Category", ...names.flat()], rows);
  return frame(title, plot.series.length > 1 && legend(names), stage, table);
}

function plotDrawing(title, plot, draw, width) {
  const scale = new Scale(plot, width);
  return svg(
    "svg",
    {
      class: "bk-drawing",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      "aria-label": `Chart: ${title}`,
    },
    valueAxis(scale),
    categoryAxis(plot, scale),
    axisLabels(plot, scale),
    draw(plot, scale),
  );
}

/** Where values and categories stand in a drawing. */
class Scale {
  constructor({ series, categories, xLabel, yLabel }, width) {
    const values = series.flatMap((each) => each.values).filter((value) => value !== null);
    this.step = niceStep(Math.max(0, ...values) - Math.min(0, ...values));
    this.least = Math.floor(Math.min(0, ...values) / this.step) * this.step;
    this.most = Math.max(this.least + this.step, Math.ceil(Math.max(0, ...values) / this.step) * this.step);
    const longest = Math.max(...this.ticks().map((value) => compact.format(value).length));
    this.left = 10 + longest * LETTER + (yLabel ? 18 : 0);
    this.right = width - 10;
    this.top = 10;
    this.bottom = HEIGHT - 24 - (xLabel ? 18 : 0);
    this.band = (this.right - this.left) / categories.length;
  }

  ticks() {
    const count = Math.round((this.most - this.least) / this.step);
    return Array.from({ length: count + 1 }, (_, index) => this.least + index * this.step);
  }

  x(index) {
    return round(this.left + this.band * (index + 0.5));
  }

  y(value) {
    const share = (value - this.least) / (this.most - this.least);
    return round(this.bottom - share * (this.bottom - this.top));
  }
}

function valueAxis(scale) {
  return scale.ticks().map((value) => {
    const y = scale.y(value);
    const isZero = Math.abs(value) < scale.step / 1e6;
    const line = svg("line", {
      class: isZero ? "bk-axis" : "bk-gridline",
      x1: scale.left,
      x2: scale.right,
      y1: y,
      y2: y,
    });
    const words = svg("text", { class: "bk-tick-label", x: scale.left - 6, y: y + 3.5, "text-anchor": "end" });
    words.append(compact.format(isZero ? 0 : value));
    return [line, words];
  });
}

function categoryAxis({ categories }, scale) {
  const longest = Math.min(LONGEST_CATEGORY, Math.max(...categories.map((each) => each.length)));
  const every = Math.max(1, Math.ceil((longest * LETTER + 8) / scale.band));
  return categories.map((category, index) => {
    if (index % every) return null;
    const words = svg("text", {
      class: "bk-tick-label",
      x: scale.x(index),
      y: scale.bottom + 16,
      "text-anchor": "middle",
    });
    words.append(cut(category, LONGEST_CATEGORY), svg("title", null, category));
    return words;
  });
}

function axisLabels({ xLabel, yLabel }, { left, right, top, bottom }) {
  const middle = (top + bottom) / 2;
  return [
    xLabel &&
      svg("text", { class: "bk-axis-label", x: (left + right) / 2, y: HEIGHT - 5, "text-anchor": "middle" }, xLabel),
    yLabel &&
      svg(
        "text",
        { class: "bk-axis-label", transform: `rotate(-90 12 ${middle})`, x: 12, y: middle, "text-anchor": "middle" },
        yLabel,
      ),
  ];
}

function drawBars({ series, categories }, scale) {
  const room = scale.band * 0.72;
  const width = Math.min(48, room / series.length);
  const start = (scale.band - width * series.length) / 2;
  return eachPoint(series, categories, ({ value, index, at, words }) => {
    const [top, bottom] = [Math.max(0, value), Math.min(0, value)].map((each) => scale.y(each));
    const x = round(scale.left + scale.band * index + start + width * at);
    const size = {
      x,
      y: Math.min(top, bottom - 2),
      width: round(Math.max(1, width - 2)),
      height: Math.max(2, round(bottom - top)),
      rx: 2,
    };
    return svg("rect", { class: `bk-mark ${fill(at)}`, ...size }, svg("title", null, words));
  });
}

function drawLines(plot, scale) {
  const lines = plot.series.map(({ values }, at) =>
    svg("path", { class: `bk-line-mark ${stroke(at)}`, d: lineOf(values, scale) }),
  );
  return [lines, drawPoints(plot, scale)];
}

function drawAreas(plot, scale) {
  const areas = plot.series.map(({ values }, at) =>
    runs(values).map((run) => svg("path", { class: `bk-area ${fill(at)}`, d: areaOf(run, scale) })),
  );
  return [areas, drawLines(plot, scale)];
}

function drawPoints({ series, categories }, scale) {
  return eachPoint(series, categories, ({ value, index, at, words }) => {
    const place = { cx: scale.x(index), cy: scale.y(value) };
    return svg("g", { class: "bk-point" }, [
      svg("circle", { class: fill(at), ...place, r: 3 }),
      svg("circle", { class: "bk-point-room", ...place, r: 10 }),
      svg("title", null, words),
    ]);
  });
}

function eachPoint(series, categories, draw) {
  return series.map(({ name, values }, at) =>
    values.map((value, index) =>
      value === null
        ? null
        : draw({ value, index, at, words: `${name}, ${categories[index]}: ${exact.format(value)}` }),
    ),
  );
}

function lineOf(values, scale) {
  return runs(values)
    .map((run) => `M${run.map(([index, value]) => `${scale.x(index)} ${scale.y(value)}`).join("L")}`)
    .join("");
}

function areaOf(run, scale) {
  const [first, last] = [run[0][0], run.at(-1)[0]];
  const top = run.map(([index, value]) => `L${scale.x(index)} ${scale.y(value)}`).join("");
  return `M${scale.x(first)} ${scale.y(0)}${top}L${scale.x(last)} ${scale.y(0)}Z`;
}

/** Values that follow each other without a gap, each with its place. */
function runs(values) {
  const found = [[]];
  values.forEach((value, index) => {
    if (value === null) found.push([]);
    else found.at(-1).push([index, value]);
  });
  return found.filter((run) => run.length);
}

function legend(entries) {
  const items = entries.map(([label, value], index) =>
    h("li", null, [
      svg("svg", { class: "bk-legend-mark", viewBox: "0 0 10 10", "aria-hidden": "true" }, [
        svg("rect", { class: fill(index), width: 10, height: 10, rx: 3 }),
      ]),
      h("span", { class: "bk-legend-label" }, isolated(label)),
      value && h("span", { class: "bk-legend-value" }, value),
    ]),
  );
  return h("ul", { class: "bk-legend", "aria-hidden": "true" }, items);
}

function hiddenTable(title, header, rows) {
  const cells = ([first, ...others]) => [h("th", { scope: "row" }, first), others.map((cell) => h("td", null, cell))];
  return h(
    "div",
    { class: "visually-hidden" },
    h("table", null, [
      h("caption", null, title),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          header.map((words) => h("th", { scope: "col" }, words)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) => h("tr", null, cells(row))),
      ),
    ]),
  );
}

function nothing() {
  return h("div", { class: "bk-note" }, "No numbers");
}

function segmentsOf(chart) {
  const segments = asList(chart.segments, MOST_SERIES).map(asRecord);
  return segments
    .map(({ label, value }) => ({ label: asText(label) || "–", value: numberOr(value, 0) }))
    .filter(({ value }) => value > 0);
}

function plotOf(chart) {
  const axes = asRecord(chart.axis_config);
  const series = asList(chart.series, MOST_SERIES).map(asRecord);
  const given = asList(axes.categories, MOST_POINTS).map(asText);
  const categories = given.length
    ? given
    : asList(series[0]?.data, MOST_POINTS).map((point) => asText(asRecord(point).label));
  return {
    categories,
    series: series.map((each, index) => ({
      name: asText(each.name) || `Series ${index + 1}`,
      values: valuesOf(asList(each.data, MOST_POINTS).map(asRecord), categories),
    })),
    xLabel: asText(axes.x_label),
    yLabel: asText(axes.y_label),
  };
}

function valuesOf(data, categories) {
  const byLabel = new Map(data.map(({ label, value }) => [asText(label), numberOr(value, null)]));
  return categories.map((category) => byLabel.get(category) ?? null);
}

function numberOr(value, fallback) {
  // Beyond this a drawing has no place for it; no picture says more about such a number than its digits do.
  return typeof value === "number" && Math.abs(value) < 1e15 ? value : fallback;
}

function niceStep(range) {
  const rough = (range || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999);
}

function fill(index) {
  return `bk-fill-${(index % COLOURS) + 1}${index >= COLOURS ? " bk-again" : ""}`;
}

function stroke(index) {
  return `bk-stroke-${(index % COLOURS) + 1}${index >= COLOURS ? " bk-again" : ""}`;
}

function round(number) {
  return Math.round(number * 100) / 100;
}
