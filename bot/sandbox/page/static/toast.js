// Short notices that go away by themselves: what failed (read out at once) and what went well.

import { h } from "./dom.js";
import { icon, iconButton } from "./icons.js";

const SHOWN_MS = 9_000;
const MOST = 3;

export class Toasts {
  #root;

  /** @param {HTMLElement} root An element with `popover="manual"`: notices must be seen above modal dialogs, too. */
  constructor(root) {
    this.#root = root;
  }

  /** Say what failed. */
  error(sentence) {
    this.#show(sentence || "That did not work.", "error");
  }

  /** Say what went well. */
  info(sentence) {
    this.#show(sentence, "info");
  }

  #show(sentence, kind) {
    const isError = kind === "error";
    const words = h("p", { class: "toast-words" }, sentence);
    const close = iconButton("Dismiss", "close", () => end());
    const toast = h("div", { class: `toast is-${kind}`, role: isError ? "alert" : "status" });
    const end = () => {
      clearTimeout(timer);
      toast.remove();
      if (this.#root.childElementCount === 0) this.#root.hidePopover?.();
    };
    let timer = setTimeout(end, SHOWN_MS);
    // Who is reading it must not lose it.
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => (timer = setTimeout(end, SHOWN_MS)));
    this.#raise();
    this.#root.append(toast);
    toast.append(icon(isError ? "warning" : "check"), words, close);
    while (this.#root.childElementCount > MOST) this.#root.firstElementChild.remove();
  }

  /** Bring the notices to the top of the top layer, above a dialog that was opened since. */
  #raise() {
    if (this.#root.matches(":popover-open")) this.#root.hidePopover();
    this.#root.showPopover?.();
  }
}
