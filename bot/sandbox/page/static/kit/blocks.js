// Block Kit: which blocks there are, and the plain ones. Whatever comes, something is shown and nothing is thrown.

import {
  alertBlock,
  cardBlock,
  carouselBlock,
  containerBlock,
  contextActionsBlock,
  fileBlock,
  planBlock,
  taskCardBlock,
  videoBlock,
} from "./cards.js";
import { chartBlock } from "./charts.js";
import { h, newId, replace } from "../dom.js";
import { elementNode } from "./elements.js";
import { pictureNode } from "./images.js";
import { isolated } from "./inline.js";
import { renderMarkdown } from "./markdown.js";
import { hasText, textNode, textWords } from "./objects.js";
import { renderRichText } from "./richtext.js";
import { asList, asRecord, asText, asWhole, cut } from "../safe.js";
import { Surface } from "./surface.js";
import { dataTableBlock, tableBlock } from "./tables.js";

const MOST_BLOCKS = 100;
const DEEPEST = 6;
const LONGEST_LABEL = 60;

const RENDERERS = {
  section: sectionBlock,
  header: headerBlock,
  context: contextBlock,
  divider: () => h("hr", { class: "bk-divider" }),
  actions: actionsBlock,
  image: imageBlock,
  input: inputBlock,
  rich_text: (block, at) => renderRichText(block, at.surface.context),
  markdown: (block, at) => renderMarkdown(asText(block.text), at.surface.context),
  table: tableBlock,
  data_table: dataTableBlock,
  data_visualization: chartBlock,
  alert: alertBlock,
  card: cardBlock,
  carousel: carouselBlock,
  container: containerBlock,
  context_actions: contextActionsBlock,
  plan: planBlock,
  task_card: taskCardBlock,
  video: videoBlock,
  file: fileBlock,
};

/**
 * Show the blocks of a message.
 *
 * @param {Object[]} blocks As they came over the wire.
 * @param {Object} context Who and what there is, and where actions go.
 * @returns {HTMLElement} `<div class="blocks">`
 */
export function renderBlocks(blocks, context) {
  return surfaceNode(blocks, new Surface(context));
}

/** @returns {HTMLElement} As `renderBlocks`, for whoever needs to know the surface's values. */
export function surfaceNode(blocks, surface) {
  return h("div", { class: "blocks" }, blockNodes(blocks, surface, "", 0));
}

function blockNodes(blocks, surface, path, depth) {
  const all = asList(blocks, MOST_BLOCKS);
  return all.map((block, index) => {
    const at = place(block, surface, `${path}${index}`, depth);
    return blockNode(block, { ...at, previous: all[index - 1] });
  });
}

/** Where a block stands, for its renderer: its id, its surface, and how to render what is inside it. */
function place(block, surface, path, depth) {
  const blockId = asText(asRecord(block).block_id) || `block-${path}`;
  return {
    surface,
    blockId,
    memoryKey: (name) => `${name} ${path}`,
    children: (blocks) => blockNodes(blocks, surface, `${path}.`, depth + 1),
    element: (element, more = {}) =>
      elementNode(element, { surface, blockId, dispatches: true, naming: labelled(""), ...more }),
    isTooDeep: depth > DEEPEST,
  };
}

/** How an element outside of an input block is called: by what stands beside it and by its own placeholder. */
function labelled(words) {
  return (fallback) => {
    const parts = [cut(words, LONGEST_LABEL), fallback].filter(Boolean);
    return { "aria-label": parts.join(": ") || "Options" };
  };
}

function blockNode(block, at) {
  const type = asText(asRecord(block).type);
  if (at.isTooDeep) return unknownBlock(type, "is nested too deeply");
  if (!Object.hasOwn(RENDERERS, type)) return otherBlock(block, type, at);
  try {
    const node = RENDERERS[type](block, at);
    node.classList.add("bk-block", `bk-block-${type.replaceAll("_", "-")}`);
    return node;
  } catch (error) {
    console.error(`A block of the type ${type} could not be shown.`, error);
    return unknownBlock(type, "could not be shown");
  }
}

/** A block of the future may say what to show in its place. */
function otherBlock(block, type, at) {
  const fallback = asList(asRecord(block).fallback);
  if (fallback.length) return h("div", { class: "bk-block bk-children" }, at.children(fallback));
  return unknownBlock(type, "is not shown in the sandbox");
}

function unknownBlock(type, remark) {
  const name = h("code", null, isolated(cut(type, LONGEST_LABEL) || "unknown"));
  return h("div", { class: "bk-block bk-unknown", role: "note" }, name, ` ${remark}`);
}

function sectionBlock(block, at) {
  const { context } = at.surface;
  const words = textWords(block.text, context);
  const fields = asList(block.fields, 10).map((field) => textNode(field, context, "div"));
  const accessory = block.accessory && at.element(block.accessory, { naming: labelled(words) });
  return h(
    "div",
    { class: accessory ? "bk-section bk-with-accessory" : "bk-section" },
    h(
      "div",
      { class: "bk-section-body" },
      hasText(block.text) && textNode(block.text, context, "div"),
      fields.length > 0 && h("div", { class: "bk-fields" }, fields),
    ),
    accessory && h("div", { class: "bk-accessory" }, accessory),
  );
}

function headerBlock(block, at) {
  const level = asWhole(block.level, { least: 1, most: 6, fallback: 1 });
  // A message stands below the page's own headings: its first level is the page's third.
  const node = textNode(block.text, at.surface.context, `h${Math.min(6, level + 2)}`);
  node.classList.add("bk-header", `bk-header-${Math.min(4, level)}`);
  return node;
}

function contextBlock(block, at) {
  const parts = asList(block.elements, 20)
    .map(asRecord)
    .map((element) =>
      element.type === "image"
        ? pictureNode(element, "bk-context-picture")
        : textNode(element, at.surface.context, "div"),
    );
  return h("div", { class: "bk-context" }, parts);
}

function actionsBlock(block, at) {
  return h(
    "div",
    { class: "bk-actions" },
    asList(block.elements, 50).map((element) => at.element(element)),
  );
}

function imageBlock(block, at) {
  const { context } = at.surface;
  const title = hasText(block.title) && h("figcaption", null, textNode(block.title, context));
  return h("figure", { class: "bk-image" }, title, pictureNode(block, "bk-picture"));
}

function inputBlock(block, at) {
  const { context } = at.surface;
  const [labelId, hintId, errorId] = [newId(), newId(), newId()];
  const described = `${errorId}${hasText(block.hint) ? ` ${hintId}` : ""}`;
  const error = h("div", { class: "bk-error", id: errorId });
  const input = new InputState(error);
  const element = at.element(block.element, {
    dispatches: block.dispatch_action === true,
    isInput: true,
    isOptional: block.optional === true,
    naming: () => ({ "aria-labelledby": labelId, "aria-describedby": described }),
    onControl: (control) => input.hold(control),
  });
  at.surface.inputs.set(at.blockId, input);
  const label = labelNode(block, labelId, input, context);
  const hint = hasText(block.hint) && h("div", { class: "bk-hint", id: hintId }, textNode(block.hint, context));
  return (input.node = h("div", { class: "bk-input" }, label, element, error, hint));
}

function labelNode(block, id, input, context) {
  const optional = block.optional === true && h("span", { class: "bk-optional" }, " (optional)");
  const words = hasText(block.label) ? textNode(block.label, context) : "Input";
  const target = input.control?.input;
  if (!target?.matches("input, select, textarea, button") || input.control.options) {
    return h("div", { class: "bk-label", id }, words, optional);
  }
  target.id ||= newId();
  return h("label", { class: "bk-label", id, for: target.id }, words, optional);
}

/** An input block's state of being right or wrong. */
class InputState {
  constructor(error) {
    this.error = error;
  }

  hold(control) {
    this.control = control;
  }

  problem() {
    return this.control?.problem() ?? "";
  }

  setError(sentence) {
    if (this.error.textContent === sentence) return;
    replace(this.error, sentence);
    this.node.classList.toggle("bk-invalid", sentence !== "");
    const target = this.control?.options ? this.control.node : this.control?.input;
    if (sentence) target?.setAttribute("aria-invalid", "true");
    else target?.removeAttribute("aria-invalid");
  }

  focus() {
    this.control?.input.focus();
  }
}
