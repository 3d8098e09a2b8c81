// The `markdown` block: the part of Markdown that Slack shows.

import { h } from "../dom.js";
import { emoji } from "./emoji.js";
import { codeNode, emojiNode, linkNode, preNode } from "./inline.js";
import { asText, linkAddress } from "../safe.js";
import { gridNode } from "./tables.js";

const LONGEST = 12_000;
const DEEPEST = 8;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}>[ \t]?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])( +)(.*)$/;
const TASK = /^\[([ xX])\] /;
const TABLE_RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

const ESCAPED = /\\([\\`*_{}[\]()#+\-.!~|<>])/y;
const LINK = /!?\[((?:[^[\]\\\n]|\\.){0,1000})\]\(<?([^()\s<>]{1,2000})>?(?:\s+"[^"\n]*")?\)/y;
const AUTOLINK = /<((?:https?:\/\/|mailto:)[^<>\s]+)>/y;
const ADDRESS = /https?:\/\/[^\s<>()"'`*]*[^\s<>()"'`*.,;:!?_~\]]/iy;
const EMOJI = /:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/y;
const TICKS = /`+/y;
const MARKS = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "s"],
  ["*", "em"],
  ["_", "em"],
];
const WORD = /[\p{L}\p{N}]/u;

/**
 * Show Markdown.
 *
 * @param {string} text As it came.
 * @param {Object} context As everywhere.
 * @returns {HTMLElement}
 */
export function renderMarkdown(text, context) {
  const lines = asText(text).slice(0, LONGEST).replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n");
  return h("div", { class: "bk-markdown" }, new Blocks(lines, context, 0).read());
}

/** Reads lines from above, one block after the other. */
class Blocks {
  constructor(lines, context, depth) {
    this.lines = lines;
    this.context = context;
    this.depth = depth;
    this.at = 0;
  }

  read() {
    const nodes = [];
    while (this.at < this.lines.length) {
      if (this.line.trim() === "") this.at += 1;
      else nodes.push(this.block());
    }
    return nodes;
  }

  get line() {
    return this.lines[this.at];
  }

  block() {
    if (FENCE.test(this.line)) return this.fence();
    if (HEADING.test(this.line)) return this.heading();
    if (RULE.test(this.line)) return this.rule();
    if (this.startsTable()) return this.table();
    if (this.depth < DEEPEST && QUOTE.test(this.line)) return this.quote();
    if (this.depth < DEEPEST && ITEM.test(this.line)) return this.list();
    return this.paragraph();
  }

  fence() {
    const mark = FENCE.exec(this.line)[1];
    const content = [];
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      if (this.line.trim().startsWith(mark)) break;
      content.push(this.line);
    }
    this.at += 1;
    return preNode(content.join("\n"));
  }

  heading() {
    const [, marks, words] = HEADING.exec(this.line);
    this.at += 1;
    const level = `bk-header bk-header-${Math.min(4, marks.length)}`;
    return h(`h${Math.min(6, marks.length + 2)}`, { class: level }, inline(words.replace(/ +#+ *$/, "")));
  }

  rule() {
    this.at += 1;
    return h("hr", { class: "bk-divider" });
  }

  quote() {
    const inside = this.run((line) => QUOTE.test(line)).map((line) => line.replace(QUOTE, ""));
    return h("blockquote", { class: "bk-quote" }, new Blocks(inside, this.context, this.depth + 1).read());
  }

  list() {
    const [, indent, mark] = ITEM.exec(this.line);
    const isOrdered = /\d/.test(mark);
    const items = [];
    while (this.at < this.lines.length) {
      const match = ITEM.exec(this.line);
      if (!match || match[1].length !== indent.length || /\d/.test(match[2]) !== isOrdered) break;
      items.push(this.item(match));
      this.skipBlank((line) => ITEM.test(line));
    }
    const start = isOrdered ? Number.parseInt(mark, 10) : 1;
    const properties = {
      class: `bk-list bk-level-${this.depth % 3}`,
      start: isOrdered && start !== 1 ? start : null,
    };
    return h(isOrdered ? "ol" : "ul", properties, items);
  }

  item([, indent, mark, gap, first]) {
    const column = indent.length + mark.length + gap.length;
    const task = TASK.exec(first);
    const lines = [task ? first.slice(task[0].length) : first];
    for (this.at += 1; this.at < this.lines.length && this.belongs(column, indent.length); this.at += 1) {
      lines.push(this.line.slice(Math.min(column, this.line.search(/\S|$/))));
    }
    const content = new Blocks(lines, this.context, this.depth + 1).read();
    return h("li", task && { class: "bk-todo" }, task && tick(task[1] !== " "), unwrapped(content));
  }

  /** Whether the line still belongs to the item: it is further in, or goes on with its first paragraph. */
  belongs(column, indent) {
    const { line } = this;
    if (line.trim() === "") return /^ /.test(this.lines[this.at + 1] ?? "") && this.lines[this.at + 1].trim() !== "";
    const isFurtherIn = line.search(/\S/) > indent;
    const startsBlock = [ITEM, FENCE, HEADING, QUOTE, RULE].some((pattern) => pattern.test(line));
    return isFurtherIn || (!startsBlock && this.lines[this.at - 1].trim() !== "" && column > 0);
  }

  skipBlank(isNext) {
    let next = this.at;
    while (next < this.lines.length && this.lines[next].trim() === "") next += 1;
    if (next < this.lines.length && isNext(this.lines[next])) this.at = next;
  }

  startsTable() {
    const next = this.lines[this.at + 1];
    if (!this.line.includes("|") || next === undefined || next.length > 1000 || !TABLE_RULE.test(next)) return false;
    return cells(this.line).length === cells(next).length;
  }

  table() {
    const header = cells(this.line);
    const align = cells(this.lines[this.at + 1]).map(alignment);
    this.at += 2;
    const rows = this.run((line) => line.includes("|") && line.trim() !== "").map(cells);
    const nodes = [header, ...rows].map((row) => header.map((_, index) => inline(row[index] ?? "")));
    return gridNode(nodes, { label: "Table", align, wraps: header.map(() => true) });
  }

  paragraph() {
    const first = this.line;
    this.at += 1;
    const goesOn = (line) =>
      line.trim() !== "" && ![FENCE, HEADING, QUOTE, RULE, ITEM].some((each) => each.test(line));
    const lines = [first, ...this.run((line) => goesOn(line) && !this.startsTable())];
    const words = lines.map((line) => line.trim()).join("\n");
    return h("p", { dir: "auto" }, inline(words));
  }

  run(belongs) {
    const lines = [];
    for (; this.at < this.lines.length && belongs(this.line); this.at += 1) lines.push(this.line);
    return lines;
  }
}

/** Reads the marks within a paragraph. */
class Inline {
  constructor(source, depth) {
    this.source = source;
    this.depth = depth;
    this.at = 0;
    this.nodes = [];
    this.words = "";
    this.unclosed = new Set();
  }

  read() {
    while (this.at < this.source.length) {
      const node = this.mark();
      if (node) {
        this.flush();
        this.nodes.push(node);
      } else this.words += this.source[this.at++];
    }
    this.flush();
    return this.nodes;
  }

  flush() {
    if (this.words) this.nodes.push(document.createTextNode(this.words));
    this.words = "";
  }

  mark() {
    switch (this.source[this.at]) {
      case "\\":
        return this.escaped();
      case "\n":
        this.at += 1;
        return h("br");
      case "`":
        return this.code();
      case "!":
      case "[":
        return this.link();
      case "<":
        return this.address(AUTOLINK, 1);
      case "h":
      case "H":
        return WORD.test(this.source[this.at - 1] ?? "") ? null : this.address(ADDRESS, 0);
      case ":":
        return this.emoji();
      default:
        return this.styled();
    }
  }

  escaped() {
    const match = this.taken(ESCAPED);
    return match && document.createTextNode(match[1]);
  }

  code() {
    const ticks = this.matched(TICKS)[0];
    const start = this.at + ticks.length;
    const end = this.unclosed.has(ticks) ? -1 : this.source.indexOf(ticks, start);
    if (end <= start) {
      this.unclosed.add(ticks);
      this.words += ticks;
      this.at = start;
      return document.createTextNode("");
    }
    this.at = end + ticks.length;
    return codeNode(this.source.slice(start, end).replaceAll("\n", " "));
  }

  link() {
    const match = this.taken(LINK);
    if (!match) return null;
    const [, label, url] = match;
    const inside = new Inline(label, this.depth + 1).read();
    return linkNode(url, h("span", null, inside.length && this.depth < DEEPEST ? inside : url));
  }

  address(pattern, group) {
    const match = this.matched(pattern);
    if (!match || !linkAddress(match[group])) return null;
    this.at += match[0].length;
    return linkNode(match[group], match[group].replace(/^mailto:/, ""));
  }

  emoji() {
    const name = this.matched(EMOJI)?.[1];
    if (!name || emoji(name) === null) return null;
    this.at += name.length + 2;
    return emojiNode(name);
  }

  styled() {
    const { source, at } = this;
    const [mark, tag] = MARKS.find(([each]) => source.startsWith(each, at)) ?? [];
    if (!mark || this.depth >= DEEPEST || this.unclosed.has(mark)) return null;
    const start = at + mark.length;
    const isInsideWord = mark.startsWith("_") && WORD.test(source[at - 1] ?? "");
    if (isInsideWord || /\s/.test(source[start] ?? " ")) return null;
    const end = this.closing(mark, start + 1);
    if (end === -1) return null;
    this.at = end + mark.length;
    return h(tag, null, new Inline(source.slice(start, end), this.depth + 1).read());
  }

  closing(mark, from) {
    const { source } = this;
    for (let end = source.indexOf(mark, from); end !== -1; end = source.indexOf(mark, end + 1)) {
      const after = source[end + mark.length] ?? "";
      const isDouble = mark.length === 1 && (after === mark || source[end - 1] === mark);
      const isInsideWord = mark.startsWith("_") && WORD.test(after);
      if (!isDouble && !isInsideWord && !/[\s\\]/.test(source[end - 1])) return end;
    }
    this.unclosed.add(mark);
    return -1;
  }

  matched(pattern) {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source);
  }

  taken(pattern) {
    const match = this.matched(pattern);
    if (match) this.at += match[0].length;
    return match;
  }
}

function inline(words) {
  return new Inline(words, 0).read();
}

/** An item of one paragraph is shown without the paragraph's margins. */
function unwrapped(nodes) {
  return nodes.flatMap((node, index) => (index === 0 && node.tagName === "P" ? [...node.childNodes] : [node]));
}

function tick(isDone) {
  const words = isDone ? "Done: " : "Not done: ";
  return [h("span", { "aria-hidden": "true" }, isDone ? "☑ " : "☐ "), h("span", { class: "visually-hidden" }, words)];
}

function cells(line) {
  const inside = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function alignment(rule) {
  if (!rule.endsWith(":")) return "left";
  return rule.startsWith(":") ? "center" : "right";
}
