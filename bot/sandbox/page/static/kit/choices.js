// Checkboxes and radio buttons: all options in sight.

import { h, newId } from "../dom.js";
import { hasText, textNode } from "./objects.js";
import { asList, asRecord, asText } from "../safe.js";

/** Build checkboxes; for `statefulNode`. */
export function checkboxes(element, place, changed) {
  const set = optionSet(element, place, "checkbox", () => changed("picked"));
  const values = asList(element.initial_options).map(valueOf);
  return {
    ...set,
    initial: { selected_options: set.options.filter((option) => values.includes(valueOf(option))) },
    read: () => ({ selected_options: set.checked() }),
    write: ({ selected_options: selected }) => set.check(asList(selected).map(valueOf)),
    problem: () => (!place.isOptional && !set.checked().length ? "Choose at least one." : ""),
  };
}

/** Build radio buttons; for `statefulNode`. */
export function radioButtons(element, place, changed) {
  const set = optionSet(element, place, "radio", () => changed("picked"));
  const value = valueOf(element.initial_option);
  return {
    ...set,
    initial: {
      selected_option: set.options.find((option) => element.initial_option && valueOf(option) === value) ?? null,
    },
    read: () => ({ selected_option: set.checked()[0] ?? null }),
    write: ({ selected_option: selected }) => set.check(selected ? [valueOf(selected)] : []),
    problem: () => (!place.isOptional && !set.checked().length ? "Choose one." : ""),
  };
}

/** @returns {string} What tells an option from the others. */
export function valueOf(option) {
  return asText(asRecord(option).value);
}

function optionSet(element, place, type, onchange) {
  const { context } = place.surface;
  const options = asList(element.options).map(asRecord);
  const name = newId();
  const inputs = options.map(() => h("input", { type, name, class: "bk-tick", onchange }));
  const rows = options.map((option, index) => optionRow(option, inputs[index], context));
  const role = type === "radio" ? "radiogroup" : "group";
  const node = h("div", { class: "bk-choices", role, ...place.naming("") }, rows);
  return {
    node,
    options,
    input: inputs[0] ?? node,
    lock: (isLocked) => inputs.forEach((input) => (input.disabled = isLocked)),
    checked: () => options.filter((_, index) => inputs[index].checked),
    check: (values) => inputs.forEach((input, index) => (input.checked = values.includes(valueOf(options[index])))),
  };
}

function optionRow(option, input, context) {
  const detailId = hasText(option.description) ? newId() : null;
  if (detailId) input.setAttribute("aria-describedby", detailId);
  const words = h("span", { class: "bk-choice-text" }, textNode(option.text, context));
  const detail =
    detailId && h("span", { class: "bk-choice-detail", id: detailId }, textNode(option.description, context));
  return h("div", { class: "bk-choice" }, h("label", null, input, words), detail);
}
