// Menus and lists that open at a button, above everything else, also inside a dialog.

const GAP = 4;
const MARGIN = 8;
const WIDEST = 340;

/**
 * Let a button open a panel. The two must be next to each other: what is outside of an open dialog cannot be used.
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
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });
  return { open, close };

  function open() {
    if (isOpen() || trigger.disabled) return;
    panel.showPopover();
    place();
    onOpen?.();
  }

  function close() {
    if (!isOpen()) return;
    const hadFocus = panel.contains(document.activeElement);
    panel.hidePopover();
    if (hadFocus) trigger.focus();
  }
}

/**
 * Move between the items of a menu with the arrow keys, Home and End.
 *
 * @param {KeyboardEvent} event A key that went down in the menu.
 * @param {HTMLElement[]} items Its items, in order.
 */
export function moveFocus(event, items) {
  const at = items.indexOf(document.activeElement);
  const target = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
  if (target === undefined || !items.length) return;
  event.preventDefault();
  items.at(target % items.length).focus();
}

function beside(trigger, panel) {
  const anchor = trigger.getBoundingClientRect();
  panel.style.setProperty("min-width", `${Math.round(Math.min(anchor.width, WIDEST))}px`);
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = innerHeight - anchor.bottom - GAP - MARGIN;
  const isAbove = height > below && anchor.top > innerHeight - anchor.bottom;
  const top = isAbove ? anchor.top - GAP - height : anchor.bottom + GAP;
  const left = Math.min(anchor.left, innerWidth - width - MARGIN);
  panel.style.setProperty("top", `${Math.max(MARGIN, top)}px`);
  panel.style.setProperty("left", `${Math.max(MARGIN, left)}px`);
}
