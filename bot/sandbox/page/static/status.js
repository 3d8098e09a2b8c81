// The line at the top that says what is amiss: the page has lost its server, or the bot is not running.

import { h, replace } from "./dom.js";
import { icon } from "./icons.js";

export class StatusLine {
  #root;
  #store;
  #shown = "";

  /**
   * @param {HTMLElement} root A live region that is there from the beginning.
   * @param {Object} store
   */
  constructor(root, store) {
    this.#root = root;
    this.#store = store;
  }

  /** Show what is amiss, or nothing. */
  update() {
    const kind = this.#kind();
    if (kind === this.#shown) return;
    this.#shown = kind;
    this.#root.classList.toggle("is-shown", kind !== "");
    this.#root.classList.toggle("is-lost", kind === "lost");
    replace(this.#root, kind === "" ? [] : this.#content(kind));
  }

  #kind() {
    const { connection, state } = this.#store;
    if (connection === "lost") return "lost";
    return state?.bot.state === "down" ? "down" : "";
  }

  #content(kind) {
    const name = this.#store.state?.app.name ?? "The bot";
    if (kind === "down")
      return [icon("warning"), h("span", {}, `${name} is not running: commands and buttons will fail.`)];
    const retry = h(
      "button",
      { class: "status-button", type: "button", onclick: () => this.#store.retryNow() },
      "Try now",
    );
    return [h("span", { class: "spinner" }), h("span", {}, "Reconnecting… The sandbox does not answer."), retry];
  }
}
