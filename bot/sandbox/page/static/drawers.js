// Which panes are open beside the conversation. Where the window is narrow they lie over it, with a scrim behind.

import { recall, remember } from "./memory.js";

const PHONE = window.matchMedia("(max-width: 720px)");
const NARROW = window.matchMedia("(max-width: 1100px)");

export class Drawers {
  #elements;
  #onChange;
  #isPanelKept = recall("panel", true) !== false;
  #over = null;
  #opener = null;

  /**
   * @param {Object} elements `sidebar`, `panel`, `scrim`, `conversation`, `thread`.
   * @param {function(): void} onChange Called when a pane was opened or closed.
   */
  constructor(elements, onChange) {
    this.#elements = elements;
    this.#onChange = onChange;
    elements.scrim.addEventListener("click", () => this.close());
    for (const query of [PHONE, NARROW]) query.addEventListener("change", () => this.close());
  }

  /** Whether the panel of controls is to be seen, a thread apart. */
  get isPanelOpen() {
    return NARROW.matches ? this.#over === "panel" : this.#isPanelKept;
  }

  /** Open or close the panel. */
  togglePanel() {
    if (NARROW.matches) {
      if (this.#over === "panel") this.close();
      else this.#open("panel");
      return;
    }
    this.keepPanel(!this.#isPanelKept);
  }

  /** Have the panel open, or not, from now on; beside the conversation where there is room. */
  keepPanel(isOpen) {
    if (NARROW.matches) return isOpen ? this.#open("panel") : this.close();
    this.#isPanelKept = isOpen;
    remember("panel", isOpen);
    this.#onChange();
  }

  /** Open the sidebar over a narrow window. */
  openSidebar() {
    this.#open("sidebar");
  }

  /**
   * Close what lies over the conversation.
   *
   * @returns {boolean} Whether there was anything.
   */
  close() {
    if (!this.#over) return void this.#onChange();
    this.#over = null;
    this.#onChange();
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
    return true;
  }

  /** Whether a pane lies over the conversation. */
  get isOver() {
    return this.#over !== null;
  }

  /** Put everything into its state; `hasThread` says whether a thread is open. */
  apply(hasThread) {
    const { sidebar, panel, scrim, conversation, thread } = this.#elements;
    sidebar.classList.toggle("is-open", this.#over === "sidebar");
    panel.classList.toggle("is-open", this.#over === "panel");
    panel.hidden = !this.isPanelOpen || (hasThread && this.#over !== "panel");
    scrim.hidden = this.#over === null;
    // What lies behind cannot be reached, by nobody's keyboard.
    conversation.inert = this.#over !== null || (hasThread && PHONE.matches);
    thread.inert = this.#over !== null;
    sidebar.inert = PHONE.matches && this.#over !== "sidebar";
  }

  #open(name) {
    this.#opener = document.activeElement;
    this.#over = name;
    this.#onChange();
    this.#elements[name].querySelector("[aria-current=page], button")?.focus();
  }
}
