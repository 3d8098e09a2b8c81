// Draws a part of the page anew when what it shows has changed, and only then; focus stays where it was.

import { replace } from "./dom.js";
import { keepFocus } from "./focus.js";

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
  // A menu that stands open is not taken away from under the pointer: the next update will do.
  if (drawn.get(root) === words || root.querySelector(":popover-open")) return;
  drawn.set(root, words);
  const scrolled = root.scrollTop;
  keepFocus(root, () => replace(root, build()));
  root.scrollTop = scrolled;
}
