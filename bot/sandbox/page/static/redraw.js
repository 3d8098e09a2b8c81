// Draws a part of the page anew when what it shows has changed, and only then; focus stays where it was.

import { replace } from "./dom.js";

const drawn = new WeakMap();

/**
 * Replace an element's children if the signature differs from last time.
 *
 * The element that has focus keeps it when the new children have one with the same `data-key`.
 *
 * @param {HTMLElement} root
 * @param {*} signature Everything the drawing depends on; anything that JSON can carry.
 * @param {function(): (Node|Array)} build Makes the children.
 */
export function redraw(root, signature, build) {
  const words = JSON.stringify(signature);
  if (drawn.get(root) === words) return;
  drawn.set(root, words);
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.closest("[data-key]")?.dataset.key;
  const scrolled = root.scrollTop;
  replace(root, build());
  root.scrollTop = scrolled;
  if (key === undefined) return;
  [...root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key)?.focus();
}
