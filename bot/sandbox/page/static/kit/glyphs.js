// Small line drawings for buttons and notices. They are decoration: the words stand beside them or in a label.

import { svg } from "../dom.js";

const SHAPES = {
  chevron: ["M4 6l4 4 4-4"],
  previous: ["M10 3L5 8l5 5"],
  next: ["M6 3l5 5-5 5"],
  close: ["M4 4l8 8M12 4l-8 8"],
  check: ["M3 8.5l3.2 3.2L13 5"],
  more: ["M3.5 8h.01M8 8h.01M12.5 8h.01"],
  copy: ["M6 5.5h6.5v8H6zM3.5 10.5v-8H10"],
  search: ["M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3L14 14"],
  info: ["M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 7.3v3.7M8 5h.01"],
  warning: ["M8 2L1.6 13.4h12.8zM8 6.5v3.2M8 11.6h.01"],
  error: ["M5.3 1.6h5.4l3.7 3.7v5.4l-3.7 3.7H5.3l-3.7-3.7V5.3zM8 4.8v3.7M8 11h.01"],
  success: ["M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM5.2 8.3l2 2 3.6-4"],
  picture: ["M2 3h12v10H2zM2 11l3.5-3.5L9 11l2-2 3 3M10.5 6.2h.01"],
  file: ["M4 1.8h5L12.5 5v9.2H4zM8.8 2v3.2H12"],
  play: ["M5 3.2v9.6L13 8z"],
  trash: ["M2.8 4.2h10.4M6 4V2.2h4V4M4.2 4.4l.6 9.4h6.4l.6-9.4M6.6 7v4M9.4 7v4"],
  up: ["M8 12.5v-9M4.2 7L8 3.2 11.8 7"],
  down: ["M8 3.5v9M4.2 9L8 12.8 11.8 9"],
  external: ["M6.5 3.5h-3v9h9v-3M9 2.8h4.2V7M13 3L7.5 8.5"],
  circle: ["M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z"],
  lock: ["M3.8 7.2h8.4v6.3H3.8zM5.5 7V5a2.5 2.5 0 0 1 5 0v2"],
};

/**
 * Draw one of the pictures.
 *
 * @param {string} name One of those above.
 * @returns {SVGElement}
 */
export function glyph(name) {
  const paths = SHAPES[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    { class: `bk-glyph bk-glyph-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    paths,
  );
}
