// The box to write in: it grows, completes, remembers, and never gets in the way of sending.

import { complete } from "./completion.js";
import { h, isComposing } from "./dom.js";
import { draftAt, keepDraft, TypedHistory } from "./history.js";
import { iconButton } from "./icons.js";
import { avatar } from "./names.js";
import { menuAt } from "./popover.js";
import { redraw } from "./redraw.js";
import { Suggestions } from "./suggestions.js";

const history = new TypedHistory();

export class Composer {
  element;
  #store;
  #toasts;
  #options;
  #target = null;
  #box;
  #send;
  #shortcuts;
  #bar = h("div", { class: "composer-closed" });
  #frame;
  #suggestions;
  #kept = "";

  /**
   * @param {Object} store
   * @param {Object} toasts
   * @param {Object} options
   * @param {boolean} [options.isThread] Whether it writes into a thread.
   * @param {function(): void} options.onSent Called when something was sent.
   */
  constructor(store, toasts, options) {
    this.#store = store;
    this.#toasts = toasts;
    this.#options = options;
    this.#box = h("textarea", { class: "composer-box", rows: "1", enterkeyhint: "send", spellcheck: "true" });
    this.#suggestions = new Suggestions(this.#box, (item, range) => this.#accept(item, range));
    this.#send = iconButton("Send message", "send", () => this.#submit(), { class: "icon-button composer-send" });
    this.#frame = h(
      "div",
      { class: "composer-frame" },
      this.#suggestions.element,
      h("div", { class: "composer-input" }, this.#box),
      h("div", { class: "composer-bar" }, this.#buttons(), this.#send),
    );
    this.element = h("div", { class: "composer" }, this.#bar, this.#frame);
    this.#listen();
  }

  /**
   * Write to a place.
   *
   * @param {Object} target
   * @param {string} target.channel
   * @param {string|null} target.thread The timestamp of the thread's parent.
   * @param {string} target.label The box's name: "Message #general".
   * @param {function(): Node} [target.closed] Draws why nothing can be written here, instead of the box.
   * @param {*} [target.closedSignature] What `closed` depends on.
   */
  write(target) {
    history.of(this.#store.me);
    const place = [this.#store.me, target.channel, target.thread].join("/");
    const isOther = this.#target?.place !== place;
    const wasInBar = this.#bar.contains(document.activeElement);
    if (isOther) this.#keepDraft();
    this.#target = { ...target, place };
    this.#box.setAttribute("aria-label", target.label);
    this.#box.placeholder = target.label;
    this.#bar.hidden = !target.closed;
    this.#frame.hidden = Boolean(target.closed);
    redraw(this.#bar, target.closedSignature ?? null, () => target.closed?.() ?? []);
    if (isOther) {
      history.rewind();
      this.#kept = draftAt(place);
      this.#set(this.#kept);
    }
    // Who has just joined wants to write.
    if (wasInBar && !target.closed) this.focus();
    this.#shortcuts.hidden = this.#globalShortcuts().length === 0;
  }

  /** Put words into the box and go there. */
  fill(words) {
    this.#set(words);
    this.focus();
  }

  /** Go to the box. */
  focus() {
    this.#box.focus();
  }

  #buttons() {
    const insert = (wordsOf) => () => this.#insert(wordsOf(this.#store.state?.app));
    this.#shortcuts = iconButton("Shortcuts", "bolt");
    menuAt(this.#shortcuts, "Shortcuts", () => this.#shortcutItems());
    const ask = insert((app) => `@${app?.name ?? "Hub Bot"} `);
    const command = insert((app) => `${app?.command ?? "/hub"} `);
    const mention = insert(() => "@");
    const first = this.#options.isThread
      ? iconButton("Ask Hub Bot", "bot", ask)
      : iconButton("Write a command", "slash", command);
    const hint = h(
      "span",
      { class: "composer-keys", "aria-hidden": "true" },
      h("kbd", {}, "Enter"),
      " to send ",
      h("kbd", {}, "Shift Enter"),
      " for a new line",
    );
    return [first, iconButton("Mention somebody", "at", mention), this.#shortcuts, hint];
  }

  #listen() {
    this.#box.addEventListener("input", () => this.#changed());
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("click", () => this.#suggest());
    this.#box.addEventListener("focus", () => this.#suggest());
    this.#box.addEventListener("blur", () => {
      this.#suggestions.close();
      this.#keepDraft();
    });
    this.#box.addEventListener("keyup", (event) => {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.#suggest();
    });
    this.#frame.addEventListener("mousedown", (event) => {
      if (event.target.closest("button, [role=listbox]") || event.target === this.#box) return;
      event.preventDefault();
      this.focus();
    });
    window.addEventListener("pagehide", () => this.#keepDraft());
  }

  #onKey(event) {
    // While a letter is being composed, Enter belongs to the input method.
    if (isComposing(event) || this.#suggestions.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && history.isAt(this.#box.value)) {
      this.#recall(event, history.earlier());
    } else if (event.key === "ArrowDown" && this.#box.value !== "" && history.isAt(this.#box.value)) {
      this.#recall(event, history.later());
    }
  }

  #recall(event, line) {
    event.preventDefault();
    if (line === null) return;
    this.#set(line);
    this.#suggestions.close();
  }

  async #submit() {
    const words = this.#box.value.trim();
    const target = this.#target;
    if (words === "" || !target) return;
    history.add(words);
    this.#set("");
    this.#keepDraft();
    this.#suggestions.close();
    this.#options.onSent();
    const body = { do: "type", channel: target.channel, text: words };
    if (target.thread) body.thread_ts = target.thread;
    const answer = await this.#store.act(body);
    if (answer.ok) return;
    this.#toasts.error(answer.error);
    this.#giveBack(target, words);
  }

  /** What could not be sent must not be lost; what was written since goes first. */
  #giveBack(target, words) {
    if (this.#target?.place === target.place) {
      if (this.#box.value === "") this.#set(words);
    } else if (draftAt(target.place) === "") {
      keepDraft(target.place, words);
    }
  }

  #accept(item, { from, to }) {
    const { value } = this.#box;
    // One space behind a completed word is enough.
    const insert = value[to] === " " ? item.insert.trimEnd() : item.insert;
    this.#box.setRangeText(insert, from, to, "end");
    this.#changed();
    this.focus();
  }

  #insert(words) {
    const { value, selectionStart, selectionEnd } = this.#box;
    const isCommand = words.startsWith("/");
    // A command is one only at the beginning.
    if (isCommand && value.startsWith("/")) return this.focus();
    const at = isCommand ? 0 : selectionStart;
    const gap = !isCommand && at > 0 && !/\s$/u.test(value.slice(0, at)) ? " " : "";
    this.#box.setRangeText(gap + words, at, isCommand ? 0 : selectionEnd, "end");
    if (isCommand) this.#box.setSelectionRange(this.#box.value.length, this.#box.value.length);
    this.focus();
    this.#changed();
  }

  #set(words) {
    this.#box.value = words;
    this.#box.setSelectionRange(words.length, words.length);
    this.#changed();
  }

  #changed() {
    this.#grow();
    this.#send.disabled = this.#box.value.trim() === "";
    this.#suggest();
  }

  #grow() {
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight}px`;
  }

  #suggest() {
    const { state, people, conversations, usergroups } = this.#store;
    const { value, selectionStart, selectionEnd } = this.#box;
    if (!state || document.activeElement !== this.#box || selectionStart !== selectionEnd) {
      return this.#suggestions.close();
    }
    const world = {
      app: state.app,
      repositories: state.hub.repositories,
      people: [...people.values()],
      usergroups: [...usergroups.values()],
      channels: [...conversations.values()].filter((each) => each.kind !== "im"),
      isThread: Boolean(this.#options.isThread),
    };
    this.#suggestions.offer(complete(value, selectionStart, world));
  }

  #keepDraft() {
    // What was not touched here may be written in another tab.
    if (!this.#target || this.#box.value === this.#kept) return;
    this.#kept = this.#box.value;
    keepDraft(this.#target.place, this.#kept);
  }

  #globalShortcuts() {
    return (this.#store.state?.app.shortcuts ?? []).filter((each) => each.type === "global");
  }

  #shortcutItems() {
    const { app } = this.#store.state;
    const bot = this.#store.people.get(app.bot_user);
    return this.#globalShortcuts().map((each) => ({
      label: each.name,
      detail: app.name,
      picture: bot && avatar(bot, "small"),
      onSelect: () => this.#useShortcut(each),
    }));
  }

  async #useShortcut(shortcut) {
    const answer = await this.#store.act({ do: "shortcut", callback_id: shortcut.callback_id });
    if (!answer.ok) this.#toasts.error(answer.error);
  }
}
