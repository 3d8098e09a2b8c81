// Slack's mrkdwn: read into a tree of plain values, which becomes elements or words.

import { h } from "../dom.js";
import { emoji } from "./emoji.js";
import {
  codeNode,
  emojiNode,
  emojiText,
  isBroadcast,
  linkNode,
  mentionNode,
  mentionText,
  momentNode,
  momentText,
  preNode,
  wordsNode,
} from "./inline.js";
import { asText, linkAddress } from "../safe.js";

const FENCE = "```";
const STYLE_OF = { "*": "bold", _: "italic", "~": "strike" };
const TAG_OF = { bold: "strong", italic: "em", strike: "s" };
const ENTITIES = { amp: "&", lt: "<", gt: ">" };
const QUOTE = /^(?:>|&gt;) ?/;
const QUOTE_TO_THE_END = /^(?:>|&gt;){3} ?/;
const REFERENCE = /<([^<>\n]+)>/y;
const EMOJI = /:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/y;
const ADDRESS = /https?:\/\/(?:(?!&[lg]t;)[^\s<>|"`]){1,2000}/iy;
const NEVER_LAST = new Set(".,;:!?'\")]}*~_");
const WORD = /[\p{L}\p{N}]/u;

/**
 * Show mrkdwn.
 *
 * @param {string} text As it came: with `&`, `<` and `>` escaped.
 * @param {Object} context Who people, channels and groups are, and what time it is.
 * @param {{verbatim?: boolean}} [options] `verbatim` leaves bare addresses as they are.
 * @returns {DocumentFragment}
 */
export function renderMrkdwn(text, context, { verbatim = false } = {}) {
  const fragment = document.createDocumentFragment();
  fragment.append(...renderNodes(parseMrkdwn(text, { verbatim }), context));
  return fragment;
}

/** @returns {string} The same in words alone: for names, previews and notifications. */
export function plainText(text, context) {
  return wordsOf(parseMrkdwn(text, { verbatim: true }), context).trim();
}

/** @returns {string} A line as its author typed it: references have their names again, nothing else is changed. */
export function typedText(text, context) {
  return wordsOf(readCode(asText(text)), context);
}

/** @returns {Node[]} The nodes of a tree, as elements. */
export function renderNodes(nodes, context) {
  return nodes.map((node) => SHOW[node.type](node, context));
}

/** The nodes of a tree, as words. */
function wordsOf(nodes, context) {
  return nodes.map((node) => SAY[node.type](node, context)).join("");
}

/** Read mrkdwn into nodes, each with its `type`. */
function parseMrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  let at = 0;
  const source = asText(text);
  while (at < source.length) {
    const [start, end] = nextFence(source, at);
    nodes.push(...readLines(source.slice(at, start), { verbatim, isAfterBlock: nodes.length > 0 }));
    if (start < source.length) {
      const inside = source.slice(start + FENCE.length, end - FENCE.length).replace(/^\n|\n$/g, "");
      nodes.push({ type: "pre", kids: readCode(inside) });
    }
    at = end;
  }
  return nodes;
}

/** @returns {Object[]} The escaped text as it should be seen, with its named emoji. */
export function readLabel(text) {
  return new Inline(text, { verbatim: true, only: "emoji" }).read();
}

const SHOW = {
  text: ({ value }) => wordsNode(value),
  break: () => h("br"),
  gap: () => h("span", { class: "bk-gap" }, "\n"),
  style: ({ style, kids }, context) => h(TAG_OF[style], null, renderNodes(kids, context)),
  code: ({ kids }, context) => codeNode(...renderNodes(kids, context)),
  pre: ({ kids }, context) => preNode(...renderNodes(kids, context)),
  quote: ({ kids }, context) => h("blockquote", { class: "bk-quote" }, renderNodes(kids, context)),
  link: ({ url, kids }, context) => linkNode(url, h("span", null, renderNodes(kids, context))),
  mention: (node, context) => mentionNode(node.mention, context),
  moment: (node, context) => momentNode(node, context),
  emoji: ({ name }) => emojiNode(name),
};

const SAY = {
  text: ({ value }) => value,
  break: () => "\n",
  gap: () => "\n\n",
  style: ({ kids }, context) => wordsOf(kids, context),
  code: ({ kids }, context) => wordsOf(kids, context),
  pre: ({ kids }, context) => `\n${wordsOf(kids, context)}\n`,
  quote: ({ kids }, context) => `\n${wordsOf(kids, context)}\n`,
  link: ({ kids }, context) => wordsOf(kids, context),
  mention: ({ mention }, context) => mentionText(mention, context),
  moment: (node, context) => momentText(node, context),
  emoji: ({ name }) => emojiText(name),
};

/** Reads the marks within lines, from left to right, each character once. */
class Inline {
  constructor(source, options, styles = new Set()) {
    this.source = source;
    this.options = options;
    this.styles = styles;
    this.at = 0;
    this.nodes = [];
    this.words = "";
    // A mark whose other half was not found up to the end of its line will not be found from further right either.
    this.unclosed = new Map();
  }

  read() {
    while (this.at < this.source.length) {
      const node = this.mark(this.source[this.at]);
      if (node) this.push(node);
      else this.words += this.source[this.at++];
    }
    this.flush();
    return this.nodes;
  }

  push(node) {
    this.flush();
    this.nodes.push(node);
  }

  flush() {
    if (this.words) this.nodes.push({ type: "text", value: decode(this.words) });
    this.words = "";
  }

  mark(character) {
    if (character === ":") return this.emoji();
    if (this.options.only === "emoji") return null;
    if (character === "\n") return this.lineBreak();
    if (character === "<") return this.reference();
    if (character === "`") return this.code();
    if (character in STYLE_OF) return this.style(character);
    if (character === "h" || character === "H") return this.address();
    return null;
  }

  lineBreak() {
    const isDouble = this.source[this.at + 1] === "\n";
    this.at += isDouble ? 2 : 1;
    return { type: isDouble ? "gap" : "break" };
  }

  emoji() {
    const name = this.matched(EMOJI)?.[1];
    if (!name || emoji(name) === null || this.isWord(this.at - 1)) return null;
    this.at += name.length + 2;
    return { type: "emoji", name };
  }

  reference() {
    const match = this.matched(REFERENCE);
    const node = match && readReference(match[1]);
    if (!node) return null;
    this.at += match[0].length;
    return node;
  }

  code() {
    const end = this.closing("`", () => true);
    if (end === -1) return null;
    const inside = this.source.slice(this.at + 1, end);
    this.at = end + 1;
    return { type: "code", kids: readCode(inside) };
  }

  style(mark) {
    const style = STYLE_OF[mark];
    const { source, at } = this;
    const isOpening = !this.styles.has(style) && !this.isWord(at - 1) && /[^\s]/.test(source[at + 1] ?? " ");
    if (!isOpening || source[at + 1] === mark) return null;
    const isEnd = (index) => !/\s/.test(source[index - 1]) && !this.isWord(index + 1);
    const end = this.closing(mark, isEnd);
    if (end === -1) return null;
    const inside = source.slice(at + 1, end);
    this.at = end + 1;
    return { type: "style", style, kids: new Inline(inside, this.options, new Set([...this.styles, style])).read() };
  }

  address() {
    if (this.options.verbatim || this.isWord(this.at - 1)) return null;
    const written = withoutEnding(this.matched(ADDRESS)?.[0] ?? "");
    if (!linkAddress(decode(written))) return null;
    this.at += written.length;
    return { type: "link", url: decode(written), kids: [{ type: "text", value: decode(written) }] };
  }

  /** Where the other half of a mark is on this line; -1 when there is none. Marks inside references do not count. */
  closing(mark, isEnd) {
    if ((this.unclosed.get(mark) ?? -1) > this.at) return -1;
    const { source } = this;
    let index = this.at + 1;
    for (; index < source.length && source[index] !== "\n"; index++) {
      if (source[index] === mark && index > this.at + 1 && isEnd(index)) return index;
      if (source[index] === "<" && mark !== "`") index = this.endOfReference(index);
    }
    this.unclosed.set(mark, index);
    return -1;
  }

  endOfReference(index) {
    REFERENCE.lastIndex = index;
    return REFERENCE.test(this.source) ? REFERENCE.lastIndex - 1 : index;
  }

  matched(pattern) {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source);
  }

  isWord(index) {
    return WORD.test(this.source[index] ?? "");
  }
}

/** The address without what belongs to the sentence around it. */
function withoutEnding(address) {
  let end = address.length;
  while (end > 0 && NEVER_LAST.has(address[end - 1])) end--;
  return address.slice(0, end);
}

function nextFence(source, from) {
  const start = source.indexOf(FENCE, from);
  const close = start === -1 ? -1 : source.indexOf(FENCE, start + FENCE.length + 1);
  return close === -1 ? [source.length, source.length] : [start, close + FENCE.length];
}

/** Lines outside of fences: those that are quoted, and the others. A block ends its line itself. */
function readLines(source, { verbatim, isAfterBlock }) {
  if (!source) return [];
  const lines = (isAfterBlock ? source.replace(/^\n/, "") : source).split("\n");
  const nodes = [];
  for (let at = 0; at < lines.length;) {
    const end = endOfRun(lines, at);
    const isQuote = QUOTE.test(lines[at]);
    const content = lines
      .slice(at, end)
      .map((line) => (isQuote ? unquoted(line) : line))
      .join("\n");
    if (isQuote) nodes.push({ type: "quote", kids: new Inline(content, { verbatim }).read() });
    else nodes.push(...new Inline(content, { verbatim }).read());
    at = end;
  }
  return nodes;
}

function endOfRun(lines, from) {
  if (QUOTE_TO_THE_END.test(lines[from])) return lines.length;
  const isQuote = QUOTE.test(lines[from]);
  let end = from + 1;
  while (end < lines.length && QUOTE.test(lines[end]) === isQuote) end++;
  return end;
}

function unquoted(line) {
  return line.replace(QUOTE_TO_THE_END, "").replace(QUOTE, "");
}

/** Inside code only references mean something: Slack shows the label of a link there, too. */
function readCode(source) {
  return source
    .split(/(<[^<>\n]+>)/)
    .filter(Boolean)
    .map((piece) => (/^<[^<>\n]+>$/.test(piece) && readReference(piece.slice(1, -1))) || text(decode(piece)));
}

function readReference(inside) {
  const bar = inside.indexOf("|");
  const target = bar === -1 ? inside : inside.slice(0, bar);
  const label = bar === -1 ? "" : inside.slice(bar + 1);
  if (target.startsWith("@")) return mention("user", target.slice(1), label);
  if (target.startsWith("#")) return mention("channel", target.slice(1), label);
  if (target.startsWith("!")) return readCommand(target.slice(1), label);
  const url = decode(target);
  if (!linkAddress(url)) return null;
  return { type: "link", url, kids: label ? readLabel(label) : [text(url.replace(/^mailto:/i, ""))] };
}

function readCommand(command, label) {
  const [name, ...rest] = command.split("^");
  if (isBroadcast(name)) return mention("broadcast", name, "");
  if (name === "subteam" && rest[0]) return mention("usergroup", rest[0], label);
  if (name === "date" && rest.length >= 2) return readDate(rest, label);
  return label ? text(decode(label)) : null;
}

function readDate([unix, format, url = ""], label) {
  const seconds = /^-?\d{1,15}$/.test(unix) ? Number(unix) : Number.NaN;
  const fallback = decode(label) || decode(format);
  return { type: "moment", unix: seconds, format: decode(format), url: decode(url), fallback };
}

function mention(kind, id, label) {
  return { type: "mention", mention: { kind, id, label: decode(label) } };
}

function text(value) {
  return { type: "text", value };
}

/** Undo the escaping. Once only: `&amp;lt;` is how somebody's `&lt;` arrives. */
export function decode(escaped) {
  return escaped.replace(/&(amp|lt|gt);/g, (_, name) => ENTITIES[name]);
}
