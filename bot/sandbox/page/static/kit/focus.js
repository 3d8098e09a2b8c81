// Keeping the reader's place, the focus and the selection within a field, when something is drawn again.

/**
 * Draw something again without taking the focus from the person.
 *
 * @param {HTMLElement} root What holds the elements; those that can be found again have a `data-key`.
 * @param {function()} draw Replaces what is in it.
 * @returns {boolean} Whether the focus was inside and has found its place.
 */
export function keepFocus(root, draw) {
  const place = placeOf(root, document.activeElement);
  draw();
  const target = place && find(root, place);
  if (!target) return false;
  target.focus({ preventScroll: true });
  restoreSelection(target, place.selection);
  return true;
}

function placeOf(root, active) {
  const owner = root.contains(active) && active.closest("[data-key]");
  if (!owner) return null;
  return { key: owner.dataset.key, at: focusable(owner).indexOf(active), selection: selectionOf(active) };
}

function find(root, { key, at }) {
  const owner = [...root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  return owner && (focusable(owner)[at] ?? focusable(owner)[0]);
}

function focusable(owner) {
  const inside = [...owner.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")];
  return owner.matches("a, button, input, select, textarea") ? [owner, ...inside] : inside;
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
