// The pane of one thread: the message it hangs on, the replies, and a box of its own.

import { Composer } from "./composer.js";
import { h, replace } from "./dom.js";
import { iconButton } from "./icons.js";
import { MessageList } from "./messages.js";
import { conversationLabel } from "./names.js";

export class ThreadPane {
  composer;
  #root;
  #desk;
  #where = h("bdi", { class: "pane-detail" });
  #list;
  #place = "";
  #newSince = null;

  /**
   * @param {HTMLElement} root
   * @param {Object} desk As all its parts want it; further `closeThread`.
   */
  constructor(root, desk) {
    this.#root = root;
    this.#desk = desk;
    this.#list = new MessageList(desk, { label: "Thread", isInThread: true });
    this.composer = new Composer(desk.store, desk.toasts, { isThread: true, onSent: () => this.#list.toEnd() });
    const close = iconButton("Close thread", "close", desk.closeThread);
    root.append(
      h("header", { class: "pane-head" }, h("div", {}, h("h2", { class: "pane-title" }, "Thread"), this.#where), close),
      this.#list.element,
      this.composer.element,
    );
  }

  /** What holds rendered blocks and dates. */
  get dated() {
    return [this.#list.log];
  }

  /** Show one of the messages, as somebody who followed a link to it wants. */
  show(ts) {
    this.#list.toMessage(ts);
  }

  /**
   * Show a thread.
   *
   * @param {Object|null} conversation
   * @param {string|null} ts The timestamp of its first message; null closes the pane.
   */
  update(conversation, ts) {
    this.#root.hidden = !conversation || !ts;
    if (this.#root.hidden) {
      this.#place = "";
      return;
    }
    const { store, unread } = this.#desk;
    const label = conversationLabel(conversation, store);
    replace(this.#where, label);
    const place = `${store.me}/${conversation.id}/${ts}`;
    const fresh = unread.isKnown(conversation.id, ts) ? (unread.fresh(conversation.id, ts)[0]?.ts ?? null) : null;
    if (place !== this.#place) this.#newSince = fresh;
    this.#place = place;
    const parent = store.message(conversation.id, ts);
    const replies = store.messagesOf(conversation.id).filter((each) => each.thread_ts === ts && each.ts !== ts);
    this.#list.show({
      place,
      label: `Thread in ${label}`,
      messages: parent ? [parent, ...replies] : replies,
      newSince: this.#newSince,
      intro: parent
        ? undefined
        : { signature: ts, build: () => h("p", { class: "nothing" }, "The message that began this thread is gone.") },
    });
    const isClosed = conversation.is_archived || (conversation.kind !== "im" && !conversation.is_member);
    this.composer.write({
      channel: conversation.id,
      thread: ts,
      label: "Reply in thread",
      closedSignature: isClosed ? [place, conversation.is_archived] : null,
      closed: isClosed
        ? () => h("p", {}, conversation.is_archived ? "This channel is archived." : "Join the channel to reply.")
        : null,
    });
  }
}
