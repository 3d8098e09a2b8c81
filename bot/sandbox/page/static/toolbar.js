// The row of buttons on the message under the pointer or in focus. One for a list: a thousand messages need no more.

import { h, replace } from "./dom.js";
import { iconButton } from "./icons.js";
import { menuAt } from "./popover.js";

const KINDS_WITHOUT_THREAD = new Set(["channel_join", "channel_leave", "slackbot"]);

export class MessageToolbar {
  #element = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions", "aria-live": "off" });
  #desk;
  #isInThread;
  #find;
  #ts = null;

  /**
   * @param {HTMLElement} list Holds the messages.
   * @param {Object} desk What can be done: `store`, `openThread`, `deleteMessage`, `useShortcut`.
   * @param {boolean} isInThread Whether the list is a thread's.
   * @param {function(string): Object} find The message with a timestamp.
   */
  constructor(list, desk, isInThread, find) {
    this.#desk = desk;
    this.#isInThread = isInThread;
    this.#find = find;
    list.addEventListener("pointerover", (event) => this.#move(event.target));
    list.addEventListener("focusin", (event) => this.#move(event.target, true));
    list.addEventListener("pointerleave", () => this.#leave(list));
    list.addEventListener("focusout", (event) => !list.contains(event.relatedTarget) && this.#leave(list));
  }

  /** Draw the buttons anew when the message they belong to has changed. */
  refresh() {
    this.#ts = null;
    if (!this.#element.contains(document.activeElement)) this.#element.remove();
  }

  #move(target, isFocus = false) {
    const element = target.closest?.(".message");
    if (!element || this.#element.contains(target)) return;
    // The pointer must not pull the buttons away from under the keyboard.
    if (!isFocus && this.#element.contains(document.activeElement)) return;
    if (this.#ts === element.dataset.ts && this.#element.parentElement === element) return;
    const message = this.#find(element.dataset.ts);
    const buttons = message ? this.#buttons(message) : [];
    this.#ts = element.dataset.ts;
    if (buttons.length === 0) return this.#element.remove();
    replace(this.#element, buttons);
    element.append(this.#element);
  }

  #leave(list) {
    const hasMenu = this.#element.querySelector("[aria-expanded=true]");
    if (hasMenu || this.#element.closest(".message")?.contains(document.activeElement)) return;
    if (list.querySelector(".message:hover")) return;
    this.#element.remove();
    this.#ts = null;
  }

  #buttons(message) {
    const { store, openThread, deleteMessage } = this.#desk;
    const buttons = [];
    if (!this.#isInThread && !message.is_ephemeral && !KINDS_WITHOUT_THREAD.has(message.subtype)) {
      buttons.push(iconButton("Reply in thread", "reply", () => openThread(message)));
    }
    const shortcuts = store.state.app.shortcuts.filter((each) => each.type === "message");
    if (shortcuts.length > 0 && !message.is_ephemeral) buttons.push(this.#shortcutButton(message, shortcuts));
    if (message.is_ephemeral) {
      buttons.push(iconButton("Dismiss message", "close", () => deleteMessage(message)));
    } else if (message.user === store.me || store.myself.role === "admin") {
      buttons.push(iconButton("Delete message", "trash", () => deleteMessage(message)));
    }
    return buttons;
  }

  #shortcutButton(message, shortcuts) {
    const { store, useShortcut } = this.#desk;
    const items = shortcuts.map((each) => ({
      label: each.name,
      detail: store.state.app.name,
      onSelect: () => useShortcut(each, message),
    }));
    const element = iconButton("Shortcuts", "bolt");
    menuAt(element, "Message shortcuts", () => items);
    return element;
  }
}
