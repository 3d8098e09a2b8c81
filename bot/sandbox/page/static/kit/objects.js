// Text objects: `plain_text` and `mrkdwn`, as elements and as words.

import { h } from "../dom.js";
import { wordsNode } from "./inline.js";
import { readLabel, renderMrkdwn, renderNodes, plainText } from "./mrkdwn.js";
import { asRecord, asText } from "../safe.js";

/**
 * Show a text object.
 *
 * @param {Object} object What came; a plain string is taken for plain text.
 * @param {Object} context As everywhere.
 * @param {string} [tag] The element around it.
 * @returns {HTMLElement}
 */
export function textNode(object, context, tag = "span") {
  const { type, text, emoji, verbatim } = normal(object);
  if (type === "mrkdwn")
    return h(tag, { class: "mrkdwn" }, renderMrkdwn(text, context, { verbatim: verbatim === true }));
  return h(
    tag,
    { class: "bk-plain", dir: "auto" },
    emoji === false ? wordsNode(text) : renderNodes(namedEmoji(text), context),
  );
}

/** @returns {string} A text object in words alone. */
export function textWords(object, context) {
  const { type, text } = normal(object);
  return type === "mrkdwn" ? plainText(text, context) : text;
}

/** @returns {boolean} Whether there is anything to read. */
export function hasText(object) {
  return normal(object).text.trim() !== "";
}

function normal(object) {
  if (typeof object === "string") return { type: "plain_text", text: object };
  return { ...asRecord(object), text: asText(asRecord(object).text) };
}

/** Plain text is not escaped, but its emoji have names; escaping it first keeps an `&amp;` what it is. */
function namedEmoji(text) {
  return readLabel(text.replaceAll("&", "&amp;"));
}
