// The list of completions over a text box, and the line that says how a verb is used. A listbox in ARIA's sense: the
// box keeps focus and names the highlighted option. A multi-line box stays a "textbox", which ARIA lets own a list.

import { h, newId, replace } from "./dom.js";
import { avatar } from "./names.js";

export class Suggestions {
  element;
  #box;
  #onAccept;
  #list;
  #usage;
  #popup;
  #live = h("span", { class: "visually-hidden", role: "status" });
  #offer = null;
  #at = -1;
  #dismissed = null;

  /**
   * @param {HTMLTextAreaElement} box Where is typed.
   * @param {function(Object, Object): void} onAccept Gets the item and the letters it replaces, `{from, to}`.
   */
  constructor(box, onAccept) {
    this.#box = box;
    this.#onAccept = onAccept;
    const id = newId();
    this.#list = h("div", { class: "suggestion-list", id, role: "listbox", "aria-label": "Suggestions" });
    this.#usage = h("div", { class: "usage-line", id: `${id}-usage`, hidden: true });
    this.#popup = h("div", { class: "suggestions", hidden: true }, this.#list, this.#usage);
    // What is read out must not stand in something hidden.
    this.element = h("div", { class: "suggestions-place" }, this.#popup, this.#live);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-haspopup", "listbox");
    box.setAttribute("aria-controls", id);
    box.setAttribute("aria-describedby", `${id}-usage`);
    // The box must not lose focus to the list.
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#accept(Number(option.dataset.at));
    });
  }

  /** Offer what `complete` found. */
  offer(found) {
    const isDismissed = this.#dismissed === this.#box.value;
    if (!isDismissed) this.#dismissed = null;
    const items = isDismissed ? [] : found.items;
    const isSame = JSON.stringify(this.#offer?.items) === JSON.stringify(items);
    this.#offer = { ...found, items };
    if (!isSame) {
      replace(
        this.#list,
        items.map((item, at) => this.#option(item, at)),
      );
      this.#highlight(-1);
      this.#list.scrollTop = 0;
      this.#live.textContent = items.length > 0 ? `${items.length} suggestions` : "";
    }
    this.#showUsage(found);
    this.#list.hidden = items.length === 0;
    this.#popup.hidden = this.#list.hidden && this.#usage.hidden;
  }

  /** Take the list away. */
  close() {
    this.#offer = null;
    this.#highlight(-1);
    replace(this.#list);
    this.#live.textContent = "";
    this.#popup.hidden = true;
  }

  /**
   * Handle a key of the box.
   *
   * @returns {boolean} Whether it was for the list; the box must then leave it alone.
   */
  onKey(event) {
    const items = this.#offer?.items ?? [];
    if (items.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
    const handled = this.#handle(event, items);
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
    return handled;
  }

  #handle(event, items) {
    switch (event.key) {
      case "ArrowDown":
        this.#highlight(this.#at + 1 >= items.length ? 0 : this.#at + 1);
        return true;
      case "ArrowUp":
        this.#highlight(this.#at <= 0 ? items.length - 1 : this.#at - 1);
        return true;
      case "Enter":
        return !event.shiftKey && this.#accept(this.#at);
      case "Tab":
        return !event.shiftKey && this.#accept(this.#at >= 0 ? this.#at : this.#obvious(items));
      case "Escape":
        this.#dismissed = this.#box.value;
        this.offer({ ...this.#offer, items: [] });
        return true;
      default:
        return false;
    }
  }

  /** What Tab takes when nothing is highlighted: the first that completes a begun word, nothing for a whole one. */
  #obvious(items) {
    const word = this.#box.value.slice(this.#offer.from, this.#box.selectionStart);
    const isWhole = items.some((each) => each.insert.trim() === word);
    return word === "" || isWhole ? -1 : 0;
  }

  #accept(at) {
    const item = this.#offer?.items[at];
    if (!item) return false;
    this.#onAccept(item, { from: this.#offer.from, to: this.#offer.to });
    return true;
  }

  #highlight(at) {
    this.#at = at;
    const options = [...this.#list.children];
    options.forEach((option, each) => option.setAttribute("aria-selected", String(each === at)));
    if (options[at]) {
      this.#box.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    } else {
      this.#box.removeAttribute("aria-activedescendant");
    }
  }

  #option(item, at) {
    return h(
      "div",
      { class: "suggestion", id: `${this.#list.id}-${at}`, role: "option", "aria-selected": "false", dataset: { at } },
      item.person && avatar(item.person, "small"),
      h("bdi", { class: item.person ? "suggestion-label" : "suggestion-label is-code" }, item.label),
      item.detail && h("span", { class: "suggestion-detail" }, item.detail),
    );
  }

  #showUsage({ usage, note }) {
    this.#usage.hidden = !usage && !note;
    this.#usage.classList.toggle("is-note", Boolean(note));
    if (note) replace(this.#usage, note);
    else if (usage) replace(this.#usage, h("code", {}, usage.usage), h("span", {}, usage.summary));
    else replace(this.#usage);
  }
}
