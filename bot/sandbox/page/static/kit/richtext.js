// Rich text: nothing in it is parsed, so it is where text from the outside belongs.

import { h } from "../dom.js";
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
  styled,
  wordsNode,
} from "./inline.js";
import { asList, asRecord, asText, asWhole } from "../safe.js";

const DEEPEST = 8;
const COLOUR = /^#?[0-9a-f]{6}$/i;
const MENTIONS = { user: "user_id", channel: "channel_id", usergroup: "usergroup_id" };

/** @returns {HTMLElement} The block, or a cell of a table, with its sections, lists, quotes and code. */
export function renderRichText(block, context) {
  const node = h("div", { class: "bk-rich" });
  let lists = null;
  for (const part of asList(asRecord(block).elements).map(asRecord)) {
    if (part.type === "rich_text_list") {
      lists ??= new Lists(node, context);
      lists.add(part);
      continue;
    }
    lists = null;
    node.append(partNode(part, context));
  }
  return node;
}

/** @returns {string} The same in words alone. */
export function richTextWords(block, context) {
  return asList(asRecord(block).elements)
    .map((part) => partWords(asRecord(part), context))
    .join("\n");
}

/** @returns {Object[]} The pieces of a rich text's lines: what a cell holds, for sorting. */
export function richTextPieces(block) {
  return asList(asRecord(block).elements).flatMap((part) => asList(asRecord(part).elements).map(asRecord));
}

/** @returns {string} One piece in words: `@Ana Admin`, `2 hours ago`. */
export function pieceWords(piece, context) {
  if (piece.type === "text") return asText(piece.text);
  if (piece.type === "link") return asText(piece.text) || asText(piece.url);
  if (piece.type === "emoji") return emojiText(asText(piece.name), asText(piece.unicode));
  if (piece.type === "date") return momentText(momentOf(piece), context);
  if (piece.type === "color") return asText(piece.value);
  const mention = mentionOf(piece);
  return mention ? mentionText(mention, context) : asText(piece.text) || asText(piece.fallback);
}

/** Puts lists that follow each other into each other, as their indents say. */
class Lists {
  constructor(root, context) {
    this.root = root;
    this.context = context;
    this.open = [];
  }

  add(part) {
    const indent = asWhole(part.indent, { least: 0, most: DEEPEST, fallback: 0 });
    const isOrdered = part.style === "ordered";
    while (this.open.length && this.open.at(-1).indent > indent) this.open.pop();
    const last = this.open.at(-1);
    const list = last?.indent === indent && last.isOrdered === isOrdered ? last : this.begin(indent, isOrdered, part);
    list.node.append(...asList(part.elements).map((item) => h("li", null, pieceNodes(asRecord(item), this.context))));
  }

  begin(indent, isOrdered, part) {
    if (this.open.at(-1)?.indent === indent) this.open.pop();
    const offset = asWhole(part.offset, { least: 0, most: 9999, fallback: 0 });
    const level = `bk-list bk-level-${indent % 3}${part.border === 1 ? " bk-bordered" : ""}`;
    const node = h(isOrdered ? "ol" : "ul", { class: level, start: isOrdered && offset ? offset + 1 : null });
    if (!this.open.length && indent) node.classList.add(`bk-indent-${indent}`);
    (this.open.at(-1)?.node.lastElementChild ?? this.root).append(node);
    this.open.push({ indent, isOrdered, node });
    return this.open.at(-1);
  }
}

function partNode(part, context) {
  const bordered = part.border === 1 ? " bk-bordered" : "";
  switch (part.type) {
    case "rich_text_section":
      return h("div", { class: "bk-line" }, pieceNodes(part, context));
    case "rich_text_quote":
      return h("blockquote", { class: "bk-quote" }, pieceNodes(part, context));
    case "rich_text_preformatted":
      return h("div", { class: bordered.trim() || null }, preNode(...pieceNodes(part, context)));
    default:
      return h("div", { class: "bk-line bk-faint" }, asText(part.type) || "Unknown part");
  }
}

function partWords(part, context) {
  const pieces = asList(part.elements).map(asRecord);
  if (part.type !== "rich_text_list") return pieces.map((piece) => pieceWords(piece, context)).join("");
  const items = pieces.map((item) =>
    asList(item.elements)
      .map((piece) => pieceWords(asRecord(piece), context))
      .join(""),
  );
  return items.map((item) => `• ${item}`).join("\n");
}

function pieceNodes(part, context) {
  return asList(part.elements).map((piece) => pieceNode(asRecord(piece), context));
}

function pieceNode(piece, context) {
  const mention = mentionOf(piece);
  return styled(mention ? mentionNode(mention, context) : plainPiece(piece, context), piece.style);
}

function plainPiece(piece, context) {
  switch (piece.type) {
    case "link":
      return linkNode(asText(piece.url), asText(piece.text) || asText(piece.url));
    case "emoji":
      return emojiNode(asText(piece.name), asText(piece.unicode));
    case "date":
      return momentNode(momentOf(piece), context);
    case "color":
      return colourNode(asText(piece.value));
    default:
      return wordsNode(pieceWords(piece, context));
  }
}

function mentionOf(piece) {
  if (Object.hasOwn(MENTIONS, asText(piece.type)))
    return { kind: piece.type, id: asText(piece[MENTIONS[piece.type]]) };
  if (piece.type === "broadcast" && isBroadcast(piece.range)) return { kind: "broadcast", id: piece.range };
  return null;
}

function momentOf(piece) {
  const unix = typeof piece.timestamp === "number" ? piece.timestamp : Number.NaN;
  const format = asText(piece.format) || "{date_num}";
  return { unix, format, url: asText(piece.url), fallback: asText(piece.fallback) || format };
}

function colourNode(value) {
  if (!COLOUR.test(value)) return document.createTextNode(value);
  const swatch = h("span", { class: "bk-swatch", "aria-hidden": "true" });
  swatch.style.setProperty("background-color", `#${value.replace("#", "")}`);
  return codeNode(swatch, value);
}
