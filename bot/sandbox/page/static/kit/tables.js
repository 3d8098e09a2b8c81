// Tables: the plain one, and the one that can be sorted, searched and paged.

import { isMoment, refreshDates } from "./dates.js";
import { h, replace } from "../dom.js";
import { keepFocus } from "../focus.js";
import { icon } from "../icons.js";
import { isolated } from "./inline.js";
import { textWords } from "./objects.js";
import { pieceWords, renderRichText, richTextPieces, richTextWords } from "./richtext.js";
import { asList, asRecord, asText, asWhole, cut } from "../safe.js";
import { scrollsSideways } from "./sideways.js";

const MOST_ROWS = 1000;
const MOST_COLUMNS = 50;
const WIDEST = 32;
const LONGEST_LABEL = 80;
const PAGE_SIZE = 5;
const NOTHING = new Set(["", "–", "-", "—", "unknown", "n/a"]);
const NUMBER = /^[-+]?[\d,]*\.?\d+$/;
const ALIGNMENTS = new Set(["left", "center", "right"]);
const NEXT_DIRECTION = { none: "ascending", ascending: "descending", descending: "none" };

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** A table as it is: the first row holds the headings. */
export function tableBlock(block, at) {
  const rows = rowsOf(block.rows);
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const settings = Array.from({ length: columns }, (_, index) => asRecord(asList(block.column_settings)[index]));
  const nodes = rows.map((row) => settings.map((_, index) => cellNode(asRecord(row[index]), at)));
  const isNumber = (index) => rows.slice(1).every((row) => asRecord(row[index]).type === "raw_number");
  const align = settings.map(({ align: wanted }, index) => {
    if (ALIGNMENTS.has(wanted)) return wanted;
    return rows.length > 1 && isNumber(index) ? "right" : "left";
  });
  const titles = asList(rows[0]).map((cell) => cellWords(asRecord(cell), at.surface.context));
  const label = `Table: ${cut(titles.join(", "), LONGEST_LABEL) || "no headings"}`;
  return gridNode(nodes, { label, align, wraps: settings.map(({ is_wrapped: wraps }) => wraps === true) });
}

/**
 * Lay out a table whose cells are made already.
 *
 * @param {Array<Array<Node|Node[]>>} rows The first one holds the headings.
 * @param {{label: string, align: string[], wraps: boolean[]}} looks How it is called, and for each column how it looks.
 * @returns {HTMLElement} A region that can be scrolled sideways.
 */
export function gridNode(rows, { label, align, wraps }) {
  const look = (index) => cellLook(align[index], wraps[index]);
  const head = (cell, index) => h("th", { scope: "col", class: look(index) }, cell);
  const body = (cell, index) => withTip(h("td", { class: look(index) }, cell));
  const [first = [], ...others] = rows;
  const table = h(
    "table",
    { class: "bk-grid" },
    h("thead", null, h("tr", null, first.map(head))),
    h(
      "tbody",
      null,
      others.map((row) => h("tr", null, row.map(body))),
    ),
  );
  return h("div", { class: "bk-table" }, scrollFrame(label, table));
}

/** A table with pages, that can be sorted by its headings and searched. */
export function dataTableBlock(block, at) {
  return new DataTable(block, at).node;
}

class DataTable {
  constructor(block, at) {
    this.at = at;
    this.caption = asText(block.caption) || "Table";
    this.pageSize = asWhole(block.page_size, { least: 1, most: 100, fallback: PAGE_SIZE });
    const [header = [], ...rows] = rowsOf(block.rows);
    this.columns = this.readColumns(header, rows);
    this.rowHeader = asWhole(block.row_header_column_index, { least: -1, most: MOST_COLUMNS, fallback: 0 });
    this.rows = rows.map(
      (cells) =>
        new Row(
          this.columns.map((_, index) => asRecord(cells[index])),
          at.surface.context,
        ),
    );
    this.columns.forEach((column, index) => (column.isNumeric = isNumeric(this.rows, index)));
    this.isPaged = this.rows.length > this.pageSize;
    this.memoryKey = at.memoryKey("table");
    this.state = this.kept();
    this.build();
    this.draw();
  }

  readColumns(header, rows) {
    const count = Math.min(MOST_COLUMNS, Math.max(header.length, ...rows.map((row) => row.length)));
    return Array.from({ length: count }, (_, index) => {
      const cells = rows.map((row) => asRecord(row[index]));
      return {
        title: cellWords(asRecord(header[index]), this.at.surface.context),
        isRight:
          cells.length > 0 &&
          cells.some(isNumberCell) &&
          cells.every((cell) => isNumberCell(cell) || isNothing(cell)),
      };
    });
  }

  kept() {
    const kept = this.at.surface.memory.get(this.memoryKey);
    const state = { column: -1, direction: "none", page: 0, filter: "", ...kept };
    return state.column < this.columns.length ? state : { ...state, column: -1, direction: "none" };
  }

  build() {
    this.body = h("tbody");
    this.headings = this.columns.map((column, index) => this.heading(column, index));
    const table = h(
      "table",
      { class: "bk-grid bk-data" },
      h("caption", { class: "visually-hidden" }, this.caption),
      h("thead", null, h("tr", null, this.headings)),
      this.body,
    );
    const frame = scrollFrame(this.caption, table);
    this.region = frame.firstElementChild;
    this.status = h("span", { class: "bk-pages-status", role: "status" });
    this.node = h("div", { class: "bk-table bk-data-table" }, this.top(), frame, this.foot());
  }

  top() {
    const isSaid = wordsOfBlock(this.at.previous, this.at.surface.context) === this.caption.trim();
    if (isSaid && !this.isPaged) return null;
    const words = isSaid ? `${this.rows.length} rows` : isolated(this.caption);
    const title = h("div", { class: isSaid ? "bk-note" : "bk-table-title", "aria-hidden": "true" }, words);
    return h("div", { class: "bk-table-top" }, title, this.isPaged && this.filterField());
  }

  filterField() {
    const input = h("input", {
      type: "search",
      class: "bk-filter-field",
      placeholder: "Filter",
      "aria-label": `Filter ${this.caption}`,
      autocomplete: "off",
      value: this.state.filter,
      oninput: () => this.change({ filter: input.value, page: 0 }),
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !input.value) return;
      // The first Escape empties the field; it must not close a dialog around it as well.
      event.preventDefault();
      event.stopPropagation();
      input.value = "";
      this.change({ filter: "", page: 0 });
    });
    const node = h("label", { class: "bk-filter" }, icon("search"), input);
    node.dataset.key = `${this.at.blockId}\nfilter`;
    return node;
  }

  foot() {
    if (!this.isPaged) return this.rows.length ? null : h("div", { class: "bk-pages" }, h("span", null, "No rows"));
    this.previous = this.pageButton("back", "Previous page", -1);
    this.next = this.pageButton("next", "Next page", 1);
    const buttons = h("span", { class: "bk-pages-buttons" }, this.previous, this.next);
    return h(
      "div",
      { class: "bk-pages", role: "group", "aria-label": `Pages of ${this.caption}` },
      this.status,
      buttons,
    );
  }

  pageButton(picture, words, step) {
    const turn = () => button.getAttribute("aria-disabled") !== "true" && this.turn(step);
    const properties = {
      class: "bk-button bk-round",
      type: "button",
      "aria-label": words,
      title: words,
      onclick: turn,
    };
    const button = h("button", properties, icon(picture));
    button.dataset.key = `${this.at.blockId}\n${picture}`;
    return button;
  }

  heading({ title, isRight }, index) {
    const arrow = h("span", { class: "bk-sort-arrow", "aria-hidden": "true" }, icon("arrowUp"));
    const words = h("span", { class: "bk-sort-words" }, isolated(title));
    const button = h("button", { class: "bk-sort", type: "button", onclick: () => this.sortBy(index) }, words, arrow);
    button.dataset.key = `${this.at.blockId}\nsort ${index}`;
    const node = h("th", { scope: "col", class: cellLook(isRight ? "right" : "left", false) }, button);
    // Room for the longest cell of all pages, so that the columns stay where they are when a page is turned.
    const longest = Math.max(title.length, ...this.rows.map((row) => row.words[index].length));
    node.style.setProperty("min-width", `${Math.min(WIDEST, longest) * 0.9}ch`);
    return node;
  }

  sortBy(index) {
    const before = this.state.column === index ? this.state.direction : "none";
    const direction = NEXT_DIRECTION[before];
    this.change({ column: direction === "none" ? -1 : index, direction, page: 0 });
  }

  turn(step) {
    // The buttons stay under the pointer when the last page is shorter.
    this.region.style.setProperty("min-height", `${this.region.offsetHeight}px`);
    this.change({ page: this.state.page + step });
    this.region.scrollTop = 0;
  }

  change(change) {
    this.state = { ...this.state, ...change };
    this.at.surface.memory.set(this.memoryKey, this.state);
    if (change.page === 0) this.region.style.removeProperty("min-height");
    keepFocus(this.node, () => this.draw());
  }

  draw() {
    const shown = this.ordered(this.matching());
    const pages = Math.max(1, Math.ceil(shown.length / this.pageSize));
    this.state.page = Math.min(pages - 1, Math.max(0, this.state.page));
    const first = this.state.page * this.pageSize;
    const rows = shown.slice(first, first + this.pageSize);
    replace(this.body, rows.length ? rows.map((row) => this.rowNode(row)) : this.noneNode());
    // Rows that were not in sight were not kept true meanwhile.
    refreshDates(this.body, this.at.surface.context);
    this.headings.forEach((heading, index) => this.showSort(heading, index));
    if (this.isPaged) this.showPages(first, rows.length, shown.length, pages);
  }

  matching() {
    const wanted = this.state.filter.trim().toLowerCase();
    return wanted ? this.rows.filter((row) => row.search.includes(wanted)) : this.rows;
  }

  ordered(rows) {
    const { column, direction } = this.state;
    if (direction === "none") return rows;
    const sign = direction === "ascending" ? 1 : -1;
    return rows.toSorted((one, other) => compare(one, other, column, this.columns[column].isNumeric, sign));
  }

  rowNode(row) {
    row.nodes ??= row.cells.map((cell, index) => {
      const isHeader = index === this.rowHeader && row.words[index].trim() !== "";
      const look = cellLook(this.columns[index].isRight ? "right" : "left", false);
      const properties = { class: look, scope: isHeader ? "row" : null };
      return withTip(h(isHeader ? "th" : "td", properties, cellNode(cell, this.at)));
    });
    return h("tr", null, row.nodes);
  }

  noneNode() {
    const words = this.rows.length ? ["No row has “", isolated(this.state.filter.trim()), "”"] : ["No rows"];
    return h("tr", null, h("td", { class: "bk-none", colspan: this.columns.length || 1 }, words));
  }

  showSort(heading, index) {
    const direction = this.state.column === index ? this.state.direction : "none";
    heading.setAttribute("aria-sort", direction);
    heading.classList.toggle("bk-descending", direction === "descending");
  }

  showPages(first, count, total, pages) {
    const range = total ? `${first + 1}–${first + count} of ${total}` : "0 rows";
    const words = total < this.rows.length ? `${range}, filtered from ${this.rows.length}` : range;
    if (this.status.textContent !== words) this.status.textContent = words;
    this.previous.setAttribute("aria-disabled", String(this.state.page === 0));
    this.next.setAttribute("aria-disabled", String(this.state.page >= pages - 1));
  }
}

/** A row, with what it is searched and sorted by. */
class Row {
  constructor(cells, context) {
    this.cells = cells;
    this.words = cells.map((cell) => cellWords(cell, context));
    this.numbers = cells.map((cell, index) => numberOf(cell, this.words[index], context));
    this.search = this.words.join("\n").toLowerCase();
  }
}

function rowsOf(rows) {
  return asList(rows, MOST_ROWS).map((row) => asList(row, MOST_COLUMNS));
}

/** Numbers when all cells that say something are numbers or dates; those that say nothing come last. */
function isNumeric(rows, index) {
  const numbers = rows.map((row) => row.numbers[index]);
  const hasOther = rows.some(
    (row, at) => numbers[at] === null && !NOTHING.has(row.words[index].trim().toLowerCase()),
  );
  return !hasOther && numbers.some((number) => number !== null);
}

function compare(one, other, column, isByNumber, sign) {
  const [a, b] = isByNumber ? [one.numbers[column], other.numbers[column]] : [one.words[column], other.words[column]];
  const [aIsNone, bIsNone] = isByNumber ? [a === null, b === null] : [a, b].map((words) => NOTHING.has(words.trim()));
  if (aIsNone || bIsNone) return Number(aIsNone) - Number(bIsNone);
  return sign * (isByNumber ? a - b : collator.compare(a, b));
}

function numberOf(cell, words, context) {
  if (isNumberCell(cell)) return cell.value;
  if (cell.type !== "rich_text") return null;
  const pieces = richTextPieces(cell).filter((piece) => pieceWords(piece, context).trim() !== "");
  if (pieces.length === 1 && pieces[0].type === "date" && isMoment(pieces[0].timestamp)) return pieces[0].timestamp;
  return NUMBER.test(words.trim()) ? Number(words.replaceAll(",", "")) : null;
}

function isNumberCell(cell) {
  return cell.type === "raw_number" && Number.isFinite(cell.value);
}

function isNothing(cell) {
  return NOTHING.has(asText(cell.text).trim().toLowerCase());
}

function cellWords(cell, context) {
  if (cell.type === "rich_text") return richTextWords(cell, context);
  return asText(cell.text) || asText(asRecord(cell.text).text) || asText(cell.value);
}

function cellNode(cell, at) {
  const { context } = at.surface;
  if (cell.type === "rich_text") return renderRichText(cell, context);
  if (cell.type === "button") return at.element(cell);
  return isolated(cellWords(cell, context));
}

/** What the block above says: a caption that repeats it is left to screen readers. */
function wordsOfBlock(block, context) {
  const { type, text } = asRecord(block);
  return (type === "rich_text" ? richTextWords(block, context) : textWords(text, context)).trim();
}

/** What may not fit into its cell can be read in the tip. */
function withTip(cell) {
  if (cell.textContent.length > WIDEST) cell.title = cell.textContent;
  return cell;
}

function cellLook(align, wraps) {
  return `bk-cell bk-${align}${wraps ? " bk-wraps" : ""}`;
}

function scrollFrame(label, table) {
  const region = h("div", { class: "bk-scroll", role: "region", "aria-label": label }, table);
  return h("div", { class: "bk-scroll-frame" }, scrollsSideways(region));
}
