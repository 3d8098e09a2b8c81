// One of a few states to choose from, side by side, with one line that says what to expect of the chosen one.

import { h, newId } from "./dom.js";

/**
 * Make a choice.
 *
 * @param {string} name What is chosen, in full, for screen readers.
 * @param {string} title What is chosen, in the place where it stands.
 * @param {Array<{id: string, label: string, help: string}>} states
 * @param {function(string): Promise<boolean>} onChoose Tells whether it could be done.
 * @returns {{element: HTMLElement, show: function(string): void}}
 */
export function segments(name, title, states, onChoose) {
  const group = newId();
  const help = h("p", { class: "help", id: `${group}-help` });
  let shown = null;
  let isPending = false;
  const mark = (id) => {
    for (const input of inputs) input.checked = input.value === id;
    const words = states.find((each) => each.id === id)?.help ?? "";
    if (help.textContent !== words) help.textContent = words;
  };
  const choose = async (id) => {
    isPending = true;
    mark(id);
    const isDone = await onChoose(id);
    isPending = false;
    // The state that follows says it, too; until then what was chosen stays.
    if (isDone) shown = id;
    mark(shown);
  };
  const inputs = states.map((state) =>
    h("input", {
      type: "radio",
      name: group,
      value: state.id,
      "aria-describedby": help.id,
      onchange: () => choose(state.id),
    }),
  );
  const labels = states.map((state, at) => h("label", { class: "segment" }, inputs[at], h("span", {}, state.label)));
  const element = h(
    "fieldset",
    { class: "choice", "aria-label": name },
    h("legend", {}, title),
    h("div", { class: "segments" }, labels),
    help,
  );
  const show = (id) => {
    if (isPending || id === shown) return;
    shown = id;
    mark(id);
  };
  return { element, show };
}
