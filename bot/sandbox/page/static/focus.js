// Keeping the reader's place, the focus and the selection within a field, when something is drawn again.

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/**
 * Draw something again without taking the focus from the person.
 *
 * @param {HTMLElement} root What holds the elements; those that can be found again have a `data-key`.
 * @param {function(): HTMLElement|void} draw Replaces what is in it; or all of it, and returns what is there now.
 * @returns {boolean} Whether the focus was inside and has found its place.
 */
export function keepFocus(root, draw) {
  const place = placeOf(root, document.activeElement);
  const drawn = draw() ?? root;
  const target = place && find(drawn, place);
  if (!target) return false;
  target.focus({ preventScroll: true });
  restoreSelection(target, place.selection);
  return true;
}

function placeOf(root, active) {
  const owner = root.contains(active) && active.closest("[data-key]");
  if (!owner || !root.contains(owner)) return null;
  return { key: owner.dataset.key, at: focusable(owner).indexOf(active), selection: selectionOf(active) };
}

function find(root, { key, at }) {
  const owner = [root, ...root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  return owner && (focusable(owner)[at] ?? focusable(owner)[0]);
}

function focusable(owner) {
  return [owner, ...owner.querySelectorAll("*")].filter((each) => each.matches(FOCUSABLE));
}

function selectionOf(field) {
  try {
    return [field.selectionStart, field.selectionEnd, field.selectionDirection];
  } catch {
    return null;
  }
}

function restoreSelection(field, selection) {
  if (!selection || selection[0] === null || selection[0] === undefined) return;
  try {
    field.setSelectionRange(...selection);
  } catch {
    // Fields of numbers and dates have no selection to set.
  }
}
