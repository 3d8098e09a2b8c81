// A menu that opens beside a button, as the ARIA menu pattern has it: arrows, Home, End, first letters, Escape.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const MARGIN = 8;
let open = null;

/**
 * Open a menu, or close it when this button's menu is open already.
 *
 * @param {HTMLElement} button What it belongs to; gets `aria-expanded` and focus back.
 * @param {Object} menu
 * @param {string} menu.label Its name for screen readers.
 * @param {Array<Object>} menu.items Each with `label` and `onSelect`; further `detail`, `badge`, `picture` (a node),
 *     `isChecked` (makes it one of a choice), `isDanger`.
 */
export function toggleMenu(button, menu) {
  const isOpen = open?.button === button;
  closeMenu();
  if (!isOpen && menu.items.length > 0) openMenu(button, menu);
}

/** Close the open menu, if there is one. */
export function closeMenu() {
  open?.close();
}

function openMenu(button, { label, items }) {
  const element = h(
    "div",
    { class: "menu", role: "menu", "aria-label": label, popover: "manual" },
    items.map(drawItem),
  );
  const choices = [...element.querySelectorAll("[role^=menuitem]")];
  const close = (takesFocus = true) => {
    open = null;
    document.removeEventListener("pointerdown", onPointerDown, true);
    window.removeEventListener("resize", closeMenu);
    button.setAttribute("aria-expanded", "false");
    element.remove();
    if (takesFocus && button.isConnected) button.focus();
  };
  const onPointerDown = (event) => {
    if (element.contains(event.target) || button.contains(event.target)) return;
    close(false);
  };
  const select = (choice) => {
    const item = items[choices.indexOf(choice)];
    close();
    item?.onSelect();
  };
  element.addEventListener("click", (event) => {
    const choice = event.target.closest("[role^=menuitem]");
    if (choice) select(choice);
  });
  element.addEventListener("keydown", (event) => onKey(event, choices, close));
  document.addEventListener("pointerdown", onPointerDown, true);
  window.addEventListener("resize", closeMenu);
  open = { button, close };
  // Inside a modal dialog everything outside of it would be inert.
  (button.closest("dialog") ?? document.body).append(element);
  element.showPopover?.();
  place(element, button);
  button.setAttribute("aria-expanded", "true");
  (choices.find((each) => each.getAttribute("aria-checked") === "true") ?? choices[0])?.focus();
}

function drawItem(item) {
  const isChoice = item.isChecked !== undefined;
  return h(
    "button",
    {
      class: item.isDanger ? "menu-item is-danger" : "menu-item",
      type: "button",
      role: isChoice ? "menuitemradio" : "menuitem",
      "aria-checked": isChoice ? String(item.isChecked) : null,
      tabindex: "-1",
    },
    item.picture,
    h(
      "span",
      { class: "menu-words" },
      h(
        "span",
        { class: "menu-label" },
        h("bdi", {}, item.label),
        item.badge && h("span", { class: "chip" }, item.badge),
      ),
      item.detail && h("span", { class: "menu-detail" }, item.detail),
    ),
    item.isChecked && icon("check"),
  );
}

function onKey(event, choices, close) {
  const at = choices.indexOf(document.activeElement);
  const moves = { ArrowDown: at + 1, ArrowUp: at - 1 + choices.length, Home: 0, End: choices.length - 1 };
  if (event.key in moves) {
    choices[moves[event.key] % choices.length].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    close();
  } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
    const rest = [...choices.slice(at + 1), ...choices.slice(0, at + 1)];
    rest.find((each) => each.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  } else {
    return;
  }
  event.stopPropagation();
  event.preventDefault();
}

/** Put the menu below the button, or above it where there is more room, and inside the window in any case. */
function place(element, button) {
  const anchor = button.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const below = innerHeight - anchor.bottom - MARGIN;
  const above = anchor.top - MARGIN;
  const isBelow = below >= Math.min(element.scrollHeight, 280) || below >= above;
  element.style.maxHeight = `${Math.max(120, (isBelow ? below : above) - MARGIN)}px`;
  const { width, height } = element.getBoundingClientRect();
  const left = Math.min(Math.max(MARGIN, anchor.left), innerWidth - width - MARGIN);
  element.style.left = `${Math.max(MARGIN, left)}px`;
  element.style.top = `${isBelow ? anchor.bottom + 4 : Math.max(MARGIN, anchor.top - height - 4)}px`;
}
