// A file in a message: a card with its name and size, a way to get it, and for tables a look into it.

import { parseCsv } from "./csv.js";
import { h, replace } from "./dom.js";
import { icon } from "./icons.js";
import { gridNode } from "./kit/tables.js";
import { ownAddress } from "./safe.js";

const PREVIEWED_ROWS = 20;

/** Draw the card of a file. */
export function renderFile(file) {
  const url = ownAddress(file.url);
  const preview = h("div", { class: "file-preview", hidden: true });
  const buttons = [];
  if (url && isCsv(file)) buttons.push(previewButton(file, url, preview));
  if (url) {
    const label = `Download ${file.name}`;
    buttons.push(h("a", { class: "button is-small", href: url, download: file.name, "aria-label": label }, "Download"));
  }
  return h(
    "div",
    { class: "file", role: "group", "aria-label": `File ${file.name}` },
    h(
      "div",
      { class: "file-head" },
      h("span", { class: "file-picture", "aria-hidden": "true" }, icon("file")),
      h(
        "div",
        { class: "file-words" },
        h("bdi", { class: "file-name" }, file.name),
        h("span", { class: "file-size" }, about(file)),
      ),
      h("div", { class: "file-buttons" }, buttons),
    ),
    preview,
  );
}

/** The number of bytes in words: "1.2 kB". */
function bytes(size) {
  if (size < 1000) return `${size} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = size / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

function about(file) {
  const kind = isCsv(file) ? "CSV table" : file.mimetype || "File";
  return `${kind} · ${bytes(file.size)}`;
}

function isCsv(file) {
  return file.mimetype === "text/csv" || /\.csv$/i.test(file.name);
}

function previewButton(file, url, preview) {
  const button = h("button", { class: "button is-small", type: "button", "aria-expanded": "false" }, "Preview");
  button.setAttribute("aria-label", `Preview ${file.name}`);
  button.addEventListener("click", async () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    preview.hidden = isOpen;
    if (isOpen || preview.childElementCount > 0) return;
    replace(preview, h("p", { class: "file-note" }, "Opening…"));
    replace(preview, await previewOf(file, url));
  });
  return button;
}

async function previewOf(file, url) {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return table(file, parseCsv(await response.text(), PREVIEWED_ROWS + 1));
  } catch {
    return h("p", { class: "file-note is-error" }, "The file could not be opened.");
  }
}

function table(file, { rows, isCut }) {
  if (rows.length === 0) return h("p", { class: "file-note" }, "The file is empty.");
  const everywhere = (look) => rows[0].map(() => look);
  const looks = { label: `First rows of ${file.name}`, align: everywhere("left"), wraps: everywhere(false) };
  const note = `The first ${rows.length - 1} rows. Download the file to see all.`;
  return [h("div", { class: "blocks" }, gridNode(rows, looks)), isCut && h("p", { class: "file-note" }, note)];
}
