// A list of messages that is kept up to date in place: what has not changed is not touched, however long the list.

import { h, replace } from "./dom.js";
import { keepFocus } from "./focus.js";
import { icon } from "./icons.js";
import { contentOf, patchMessage, renderMessage } from "./message.js";
import { counted } from "./names.js";
import { redraw } from "./redraw.js";
import { StickyScroll } from "./scrolling.js";
import { dayLabel, dayOf } from "./times.js";
import { MessageToolbar } from "./toolbar.js";

/** So many messages are drawn at first; earlier ones as the reader scrolls up to them. */
const FIRST_DRAWN = 120;
const MORE_DRAWN = 120;
/** So many messages are drawn above one that is gone to. */
const MORE_AROUND = 20;
const GROUPED_WITHIN_SECONDS = 300;

export class MessageList {
  element;
  #desk;
  #isInThread;
  #intro = h("div", { class: "list-intro" });
  #earlier = h("div", { class: "list-earlier", hidden: true }, "Earlier messages");
  #log = h("div", { class: "list-log", role: "log" });
  #pill = h("button", { class: "new-pill", type: "button", hidden: true });
  #scroller;
  #scroll;
  #toolbar;
  #drawn = new Map();
  #messages = [];
  #view = null;
  #most = FIRST_DRAWN;
  #place = null;
  #epoch = -1;
  #newSince = null;
  #below = 0;

  /**
   * @param {Object} desk As `renderMessage` and `MessageToolbar` want it.
   * @param {Object} options
   * @param {string} options.label The log's name for screen readers.
   * @param {boolean} [options.isInThread] Whether the list is a thread: its parent and the replies.
   */
  constructor(desk, { label, isInThread = false }) {
    this.#desk = desk;
    this.#isInThread = isInThread;
    const content = h("div", { class: "list-content" }, this.#intro, this.#earlier, this.#log);
    this.#scroller = h("div", { class: "list-scroller", tabindex: "-1" }, content);
    this.element = h("div", { class: "list" }, this.#scroller, this.#pill);
    this.#log.setAttribute("aria-label", label);
    this.#scroll = new StickyScroll(this.#scroller, content, () => this.#countBelow());
    this.#toolbar = new MessageToolbar(this.#log, desk, isInThread, (ts) =>
      this.#messages.find((each) => each.ts === ts),
    );
    this.#pill.addEventListener("click", () => this.toEnd());
    this.#log.addEventListener("keydown", (event) => this.#onKey(event));
    const observer = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#drawMore(), {
      root: this.#scroller,
      rootMargin: "600px 0px 0px 0px",
    });
    observer.observe(this.#earlier);
  }

  /** Where the messages are; for `refreshDates`. */
  get log() {
    return this.#log;
  }

  /**
   * Show messages.
   *
   * @param {Object} view
   * @param {string} view.place What they belong to; another place begins a new list at its end.
   * @param {string} view.label The log's name for screen readers.
   * @param {Array<Object>} view.messages Oldest first.
   * @param {string|null} view.newSince The timestamp of the first message that is new to the reader.
   * @param {function(Object): Object} [view.threadOf] For a message, its `replies` and `freshReplies`.
   * @param {{signature: *, build: function(): Node}} [view.intro] What stands above the first message.
   */
  show(view) {
    const isOther = view.place !== this.#place;
    const isRenamed = this.#epoch !== this.#desk.store.epoch;
    if (isOther || isRenamed) this.#clear();
    if (isOther) {
      this.#place = view.place;
      this.#most = FIRST_DRAWN;
      this.#messages = [];
    }
    this.#epoch = this.#desk.store.epoch;
    this.#newSince = view.newSince;
    this.#log.setAttribute("aria-label", view.label);
    // What was there before one looked is not news: only what comes later is read out.
    this.#log.setAttribute("aria-live", isOther || isRenamed ? "off" : "polite");
    const added = isOther ? 0 : countAdded(this.#messages, view.messages);
    // Whoever reads further up must not lose the first lines because new ones come; at the end few are enough.
    if (!this.#scroll.isAtEnd) this.#most += added;
    else if (added > 0) this.#most = FIRST_DRAWN;
    this.#messages = view.messages;
    this.#view = view;
    const wasAtEnd = this.#scroll.isAtEnd;
    this.#draw();
    if (isOther) this.#begin();
    else if (wasAtEnd) this.#scroll.toEnd();
    else this.#countBelow(added);
    if (isOther || isRenamed) requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
  }

  /** Go to the newest message. */
  toEnd() {
    this.#scroll.toEnd();
  }

  /** Go to a message, however far up it is, and let the eye find it. */
  toMessage(ts) {
    const at = this.#messages.findIndex((each) => each.ts === ts);
    if (at === -1) return;
    this.#most = Math.max(this.#most, this.#messages.length - at + MORE_AROUND);
    this.#draw();
    const { element } = this.#drawn.get(ts);
    this.#scroll.toElement(element);
    element.focus({ preventScroll: true });
    this.#setTabStop();
    element.addEventListener("animationend", () => element.classList.remove("is-found"), { once: true });
    element.classList.add("is-found");
  }

  #clear() {
    this.#drawn.clear();
    this.#toolbar.refresh();
    replace(this.#log);
  }

  #begin() {
    this.#below = 0;
    this.#countBelow();
    this.#scroll.toEnd();
    const divider = this.#log.querySelector(".divider.is-new");
    if (divider && divider.getBoundingClientRect().top < this.#scroller.getBoundingClientRect().top) {
      this.#scroll.toElement(divider);
    }
  }

  #drawMore() {
    if (this.#earlier.hidden) return;
    this.#most += MORE_DRAWN;
    const { scrollHeight, scrollTop } = this.#scroller;
    this.#log.setAttribute("aria-live", "off");
    this.#draw();
    // Browsers anchor this by themselves unless the reader is at the very top.
    if (this.#scroller.scrollTop === scrollTop) this.#scroller.scrollTop += this.#scroller.scrollHeight - scrollHeight;
    requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
  }

  #draw() {
    const isWhole = this.#messages.length <= this.#most;
    this.#earlier.hidden = isWhole;
    const intro = isWhole ? this.#view.intro : null;
    redraw(this.#intro, intro?.signature ?? null, () => intro?.build() ?? []);
    const items = this.#items(this.#messages.slice(-this.#most));
    const keys = new Set(items.map((each) => each.key));
    for (const [key, held] of this.#drawn) {
      if (keys.has(key)) continue;
      held.element.remove();
      this.#drawn.delete(key);
    }
    // First the elements, then their order: what is drawn anew takes its old drawing's place.
    const elements = items.map((item) => this.#elementOf(item));
    let next = this.#log.firstElementChild;
    for (const element of elements) {
      if (element === next) next = next.nextElementSibling;
      else this.#log.insertBefore(element, next);
    }
    this.#setTabStop();
  }

  /** One message can be reached with Tab, the newest; the arrow keys lead on from it. */
  #setTabStop() {
    const current = document.activeElement?.closest?.(".message");
    const stop =
      current?.parentElement === this.#log ? current : this.#log.querySelector(":scope > .message:last-of-type");
    for (const each of this.#log.querySelectorAll(":scope > .message[tabindex='0']")) each.tabIndex = -1;
    if (stop) stop.tabIndex = 0;
  }

  /** The element of an item: the one that is there, patched, or a new one in its place. */
  #elementOf(item) {
    const held = this.#drawn.get(item.key);
    const isSame = held && (item.message ? held.message === item.message : held.content === item.content);
    const content = isSame ? held.content : (item.content ?? contentOf(item.message));
    let element = held?.element;
    if (!held || held.content !== content) {
      element = item.message ? renderMessage(item.message, this.#desk, this.#isInThread) : item.build();
      if (held) this.#replace(held.element, element);
    }
    this.#drawn.set(item.key, { element, content, message: item.message });
    if (item.message) patchMessage(element, item, this.#desk);
    return element;
  }

  /** Put a message's new drawing in the place of the old one; focus goes to the same control. */
  #replace(old, element) {
    const hadFocus = old.contains(document.activeElement);
    this.#toolbar.refresh();
    const swap = () => {
      old.replaceWith(element);
      return element;
    };
    if (!keepFocus(old, swap) && hadFocus) element.focus({ preventScroll: true });
  }

  #items(messages) {
    const items = [];
    const context = this.#desk.contexts.plain();
    let day = null;
    let last = null;
    for (const message of messages) {
      const messageDay = dayOf(message.ts, context);
      if (messageDay !== day && !(this.#isInThread && items.length > 0)) {
        day = messageDay;
        last = null;
        if (!this.#isInThread) items.push(dayDivider(day, dayLabel(message.ts, context)));
      }
      if (message.ts === this.#newSince) {
        items.push(NEW_DIVIDER);
        last = null;
      }
      items.push(this.#messageItem(message, last));
      last = message;
      // Without the message that began the thread there are only replies.
      if (this.#isInThread && items.length === 1 && messages.length > 1 && !isReply(message)) {
        items.push(repliesDivider(messages.length - 1));
        last = null;
      }
    }
    return items;
  }

  #messageItem(message, last) {
    const thread = this.#view.threadOf?.(message) ?? {};
    return { key: message.ts, message, isGrouped: isGrouped(last, message), ...thread };
  }

  /** Tell how many messages came while the reader was further up. */
  #countBelow(added = 0) {
    this.#below = this.#scroll.isAtEnd ? 0 : this.#below + added;
    this.#pill.hidden = this.#below === 0;
    if (this.#below > 0) replace(this.#pill, icon("arrowDown"), counted(this.#below, "new message"));
  }

  /** From one message to the next with the arrow keys. */
  #onKey(event) {
    if (!event.target.classList.contains("message")) return;
    const messages = [...this.#log.querySelectorAll(":scope > .message")];
    const at = messages.indexOf(event.target);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: messages.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    messages[Math.min(messages.length - 1, Math.max(0, moves[event.key]))].focus();
    this.#setTabStop();
  }
}

const NEW_DIVIDER = { key: "new", content: "new", build: () => divider("New", "is-new") };

function dayDivider(day, label) {
  return { key: `day:${day}`, content: label, build: () => divider(label, "is-day") };
}

function repliesDivider(count) {
  const label = counted(count, "reply", "replies");
  return { key: "replies", content: label, build: () => divider(label, "is-replies") };
}

function divider(label, kind) {
  return h("div", { class: `divider ${kind}`, role: "separator", "aria-label": label }, h("span", {}, label));
}

function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

function isGrouped(last, message) {
  return Boolean(
    last &&
    last.user === message.user &&
    !last.subtype &&
    !message.subtype &&
    !message.is_broadcast &&
    // Each answer that only one sees says so, and when it came.
    !last.is_ephemeral &&
    !message.is_ephemeral &&
    parseInt(message.ts, 10) - parseInt(last.ts, 10) < GROUPED_WITHIN_SECONDS,
  );
}

function countAdded(before, after) {
  const known = new Set(before.map((each) => each.ts));
  return after.filter((each) => !known.has(each.ts)).length;
}
