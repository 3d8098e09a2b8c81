// What the acting person has not looked at yet, by conversation and by thread.

import { recall, remember } from "./memory.js";
import { asRecord } from "./safe.js";
import { compareTs } from "./store.js";

const QUIET = new Set(["channel_join", "channel_leave"]);
const NEVER = "0";

/** Whether a message stands in the conversation itself, not in a thread only. */
export function isInChannel(message) {
  return !message.thread_ts || message.thread_ts === message.ts || Boolean(message.is_broadcast);
}

export class Unread {
  #store;
  #seen = {};
  #owner = "";
  #version = 0;

  constructor(store) {
    this.#store = store;
    // What somebody looked at in another tab is no news here either.
    window.addEventListener("storage", () => this.#owner && this.#read());
  }

  /** Take the memory of whoever is acting; forget all when the sandbox began anew. */
  update() {
    const { state, me } = this.#store;
    if (!state) return;
    // The version only ever grows while a sandbox runs; timestamps of an earlier one say nothing.
    if (state.version < (this.#version || recall("version", 0))) {
      for (const person of state.people) remember(`seen:${person.id}`, {});
      this.#owner = "";
    }
    if (state.version !== this.#version) remember("version", state.version);
    this.#version = state.version;
    if (this.#owner === me) return;
    this.#owner = me;
    this.#read();
  }

  /** Whether a conversation, or a thread of it, was looked at before: else all of it is new, and nothing stands out. */
  isKnown(channel, thread = null) {
    return this.#lookedUntil(channel, thread) !== NEVER;
  }

  /** The timestamp up to which a conversation, or a thread of it, was looked at. */
  #lookedUntil(channel, thread = null) {
    const ts = this.#seen[placeOf(channel, thread)];
    return typeof ts === "string" ? ts : NEVER;
  }

  /** Note that everything in a conversation, or a thread of it, has been looked at. */
  look(channel, thread = null) {
    const latest = this.#among(channel, thread).at(-1)?.ts;
    if (!latest || compareTs(latest, this.#lookedUntil(channel, thread)) <= 0) return;
    this.#read();
    this.#seen[placeOf(channel, thread)] = latest;
    remember(`seen:${this.#owner}`, this.#seen);
  }

  /** The new messages of a conversation, or of a thread of it, oldest first. */
  fresh(channel, thread = null) {
    const until = this.#lookedUntil(channel, thread);
    return this.#among(channel, thread).filter((each) => isNew(each, this.#owner) && compareTs(each.ts, until) > 0);
  }

  /** How many new messages a conversation waits with; those that one is not in, or nobody writes in, wait with none. */
  waiting({ id, kind, is_member, is_archived }) {
    return (kind === "im" || is_member) && !is_archived ? this.fresh(id).length : 0;
  }

  /** What was looked at, in other tabs, too. */
  #read() {
    this.#seen = asRecord(recall(`seen:${this.#owner}`, {}));
  }

  #among(channel, thread) {
    const messages = this.#store.messagesOf(channel);
    return messages.filter(thread ? (each) => each.thread_ts === thread && each.ts !== thread : isInChannel);
  }
}

function isNew(message, me) {
  return message.user !== me && !QUIET.has(message.subtype);
}

function placeOf(channel, thread) {
  return thread ? `${channel}/${thread}` : channel;
}
