// Icons, drawn as lines of the text's colour. They are decoration: their names for people are the buttons' labels.

import { h, svg } from "./dom.js";

const CIRCLE = "M17.5 10a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0z";

const PATHS = {
  archive: ["M3 5h14v3H3z", "M4.5 8v8h11V8", "M8 11h4"],
  arrowDown: ["M10 4v11", "M5.5 10.5 10 15l4.5-4.5"],
  arrowUp: ["M10 16V5", "M5.5 9.5 10 5l4.5 4.5"],
  at: ["M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0z", "M13 7v4a2 2 0 0 0 4 0v-1a7 7 0 1 0-3 5.7"],
  back: ["M12.5 4.5 7 10l5.5 5.5"],
  bolt: ["M11 2.5 4.5 11.5H10L9 17.5l6.5-9H10z"],
  bot: ["M10 3.2 15.8 6.5v7L10 16.8 4.2 13.5v-7z", "M4.2 6.5 10 9.8l5.8-3.3M10 9.8v7"],
  check: ["M4.5 10.5 8.5 14.5 15.5 6"],
  chevron: ["M5.5 7.5 10 12l4.5-4.5"],
  circle: [CIRCLE],
  close: ["M5 5l10 10M15 5 5 15"],
  copy: ["M7.5 7h8v10h-8z", "M4.5 13V3h8"],
  error: ["M6.6 2h6.8L18 6.6v6.8L13.4 18H6.6L2 13.4V6.6z", "M10 6v4.6M10 13.7v.1"],
  external: ["M8 4.5H4.5v11h11V12", "M11.2 3.5h5.3v5.3", "M16.2 3.8 9.4 10.6"],
  eye: ["M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z", "M12.2 10a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0z"],
  file: ["M5 2.5h6.5L15 6v11.5H5z", "M11.5 2.5V6H15", "M7.5 10h5M7.5 13h5"],
  hash: ["M7.8 3 6.3 17M13.7 3l-1.5 14M3.5 7.3h13.5M3 12.7h13.5"],
  help: [
    "M7.5 7.7a2.5 2.5 0 1 1 3.6 2.2c-.8.5-1.1.9-1.1 1.9",
    "M10 14.6v.1",
    CIRCLE,
  ],
  info: [CIRCLE, "M10 9.2v4.6M10 6.3v.1"],
  leave: ["M8 3.5H4v13h4", "M8 10h9", "M13.5 6.5 17 10l-3.5 3.5"],
  lock: ["M5 9h10v7.5H5z", "M7 9V6.5a3 3 0 0 1 6 0V9"],
  menu: ["M3.5 5.5h13M3.5 10h13M3.5 14.5h13"],
  monitor: ["M3 4h14v9.5H3z", "M7 16.5h6M10 13.5v3"],
  moon: ["M16.5 11.5A6.8 6.8 0 0 1 8.5 3.5a6.8 6.8 0 1 0 8 8z"],
  more: [
    "M9.3 4.5a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0",
    "M9.3 10a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0",
    "M9.3 15.5a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0",
  ],
  next: ["M7.5 4.5 13 10l-5.5 5.5"],
  people: [
    "M10.5 7a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
    "M2 16c.5-3 2.5-4.5 5.5-4.5S12.5 13 13 16",
    "M13 4.2a3 3 0 0 1 0 5.6M15 12c1.7.7 2.7 2 3 4",
  ],
  picture: ["M2.5 4h15v12h-15z", "M2.5 13.8 6.9 9.4l4.4 4.4 2.5-2.5 3.7 3.7", "M13.1 7.7v.1"],
  play: ["M6.5 4v12L16 10z"],
  plus: ["M10 4v12M4 10h12"],
  reply: ["M3 4.5h14v9H9.5L6 16.5v-3H3z"],
  search: ["M14 8.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z", "M12.5 12.5 17 17"],
  send: ["M3 10 17 3.5l-4 13.5-3.5-5.5z", "M9.5 11.5 17 3.5"],
  shared: ["M8.5 11.5 11.5 8.5", "M9.5 6.5 11.5 4.5a3 3 0 0 1 4.2 4.2l-2 2", "M10.5 13.5l-2 2a3 3 0 0 1-4.2-4.2l2-2"],
  slash: ["M12.5 4l-5 12"],
  sliders: [
    "M3 6h7M14 6h3M3 14h3M10 14h7",
    "M14 6a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    "M10 14a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
  ],
  success: [CIRCLE, "M6.5 10.4 9 12.9l4.5-5"],
  sun: [
    "M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
    "M10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1",
  ],
  trash: ["M3.5 5.5h13M8 5.5v-2h4v2M5 5.5l.8 11h8.4l.8-11M8.5 9v4.5M11.5 9v4.5"],
  warning: ["M10 3 18 16.5H2z", "M10 8v4M10 14.2v.1"],
};

/**
 * Draw an icon.
 *
 * @param {string} name One of the names above; an unknown one gives an empty drawing.
 * @returns {SVGElement}
 */
export function icon(name) {
  const paths = (PATHS[name] ?? []).map((path) => svg("path", { d: path }));
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" }, paths);
}

/**
 * Make a button that is nothing but an icon.
 *
 * @param {string} label What it does: its name, and the tip of who points at it.
 * @param {string} name The icon's.
 * @param {function(Event): void} [onclick]
 * @param {Object} [properties] Further ones; as of `h`.
 * @returns {HTMLButtonElement}
 */
export function iconButton(label, name, onclick, properties = {}) {
  const usual = { class: "icon-button", type: "button", "aria-label": label, title: label, onclick };
  return h("button", { ...usual, ...properties }, icon(name));
}
