// What opens at a button, above everything else, also inside a dialog: panels of any kind, and menus as ARIA has them.

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

const GAP = 4;
const MARGIN = 8;
const LOWEST = 120;

/**
 * Let a button open a panel. A panel that stands nowhere is put beside the button, inside the same dialog: what is
 * outside of an open dialog cannot be used.
 *
 * @param {HTMLButtonElement} trigger The button.
 * @param {HTMLElement} panel What opens.
 * @param {{onOpen?: function(), onClose?: function()}} [listeners] Told when it did.
 * @returns {{open: function(), close: function()}}
 */
export function popover(trigger, panel, { onOpen, onClose } = {}) {
  panel.setAttribute("popover", "auto");
  trigger.setAttribute("aria-expanded", "false");
  const place = () => (panel.isConnected ? beside(trigger, panel) : follow(false));
  const follow = (isFollowed) => {
    const change = isFollowed ? addEventListener : removeEventListener;
    change("scroll", place, { capture: true, passive: true });
    change("resize", place);
  };
  const isOpen = () => panel.matches(":popover-open");
  let wasOpen = false;

  // A press on the trigger closes the panel before the click arrives; without this the click would open it again.
  trigger.addEventListener("pointerdown", () => (wasOpen = isOpen()));
  trigger.addEventListener("click", () => {
    if (wasOpen || isOpen()) close();
    else open();
    wasOpen = false;
  });
  panel.addEventListener("toggle", (event) => {
    const isNowOpen = event.newState === "open";
    trigger.setAttribute("aria-expanded", String(isNowOpen));
    follow(isNowOpen);
    if (!isNowOpen) onClose?.();
  });
  for (const each of [trigger, panel]) each.addEventListener("keydown", onEscape);
  return { open, close };

  function onEscape(event) {
    if (event.key !== "Escape" || !isOpen()) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }

  function open() {
    if (isOpen() || trigger.disabled) return;
    if (!panel.isConnected) trigger.after(panel);
    // Should both be drawn again, the focus finds its way back to the button.
    if (trigger.dataset.key) panel.dataset.key = trigger.dataset.key;
    panel.showPopover();
    onOpen?.();
    place();
  }

  function close() {
    if (!isOpen()) return;
    const hadFocus = panel.contains(document.activeElement);
    panel.hidePopover();
    if (hadFocus) trigger.focus();
  }
}

/**
 * Let a button open a menu: arrows, Home, End and first letters move in it, Tab and Escape leave it.
 *
 * @param {HTMLButtonElement} trigger The button.
 * @param {string} label The menu's name for screen readers.
 * @param {function(): Array<Object>} itemsOf What can be chosen, asked each time it opens: each with `label` (words or
 *     a node) and `onSelect`; further `detail`, `badge`, `picture` (a node), `href` (opens elsewhere), `isChecked` (makes
 *     it one of a choice), `isDanger`.
 */
export function menuAt(trigger, label, itemsOf) {
  const panel = h("div", { class: "menu", role: "menu", "aria-label": label });
  let choices = [];
  const onOpen = () => {
    const items = itemsOf();
    choices = items.map(drawItem);
    choices.forEach((choice, index) => choice.addEventListener("click", () => select(items[index])));
    replace(panel, choices);
    (choices.find((each) => each.getAttribute("aria-checked") === "true") ?? choices[0])?.focus();
  };
  const { open, close } = popover(trigger, panel, { onOpen, onClose: () => panel.remove() });
  const select = (item) => {
    close();
    item.onSelect?.();
  };
  trigger.setAttribute("aria-haspopup", "menu");
  trigger.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    open();
  });
  panel.addEventListener("keydown", (event) => move(event, choices, close));
}

/** Close whatever is open at a button. */
export function closePopovers() {
  for (const each of document.querySelectorAll("[popover=auto]:popover-open")) each.hidePopover();
}

function drawItem({ label, detail, badge, picture, href, isChecked, isDanger }) {
  const isChoice = isChecked !== undefined;
  return h(
    href ? "a" : "button",
    {
      class: isDanger ? "menu-item is-danger" : "menu-item",
      role: isChoice ? "menuitemradio" : "menuitem",
      "aria-checked": isChoice ? String(isChecked) : null,
      tabindex: "-1",
      ...(href ? { href, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
    },
    picture,
    h(
      "span",
      { class: "menu-words" },
      h("span", { class: "menu-label" }, h("bdi", {}, label), badge && h("span", { class: "chip" }, badge)),
      detail && h("span", { class: "menu-detail" }, detail),
    ),
    isChecked && icon("check"),
  );
}

function move(event, choices, close) {
  const at = choices.indexOf(document.activeElement);
  const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 };
  if (event.key in moves) {
    choices.at(moves[event.key] % choices.length)?.focus();
  } else if (event.key === "Tab") {
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

/** Put the panel below the button, or above it where there is more room, and inside the window in any case. */
function beside(trigger, panel) {
  const anchor = trigger.getBoundingClientRect();
  const below = innerHeight - anchor.bottom - GAP - MARGIN;
  const above = anchor.top - GAP - MARGIN;
  panel.style.setProperty("--anchor", `${Math.round(anchor.width)}px`);
  panel.style.setProperty("--room", `${innerHeight}px`);
  const isAbove = panel.offsetHeight > below && above > below;
  panel.style.setProperty("--room", `${Math.max(LOWEST, Math.round(isAbove ? above : below))}px`);
  const { offsetWidth: width, offsetHeight: height } = panel;
  const top = isAbove ? anchor.top - GAP - height : anchor.bottom + GAP;
  panel.style.setProperty("top", `${Math.max(MARGIN, top)}px`);
  panel.style.setProperty("left", `${Math.max(MARGIN, Math.min(anchor.left, innerWidth - width - MARGIN))}px`);
}
