// What a person has sent, to bring back with the arrow keys as in a shell; and what they have begun to write where.

import { recall, remember } from "./memory.js";

const MOST = 100;

export class TypedHistory {
  #owner = "";
  #lines = [];
  #at = 0;

  /** Be the history of this person. */
  of(person) {
    if (person === this.#owner) return;
    this.#owner = person;
    const lines = recall(`history:${person}`, []);
    this.#lines = Array.isArray(lines) ? lines.filter((each) => typeof each === "string") : [];
    this.#at = this.#lines.length;
  }

  /** Note a line that was sent. */
  add(line) {
    if (this.#lines.at(-1) !== line) this.#lines = [...this.#lines, line].slice(-MOST);
    this.#at = this.#lines.length;
    remember(`history:${this.#owner}`, this.#lines);
  }

  /** Whether the text is the line that was brought back last, unchanged; an empty box begins anew. */
  isAt(words) {
    if (words === "") this.rewind();
    return words === "" || this.#lines[this.#at] === words;
  }

  /** Begin at the newest line again. */
  rewind() {
    this.#at = this.#lines.length;
  }

  /** The line before, or null at the oldest. */
  earlier() {
    if (this.#at === 0) return null;
    this.#at -= 1;
    return this.#lines[this.#at];
  }

  /** The line after; empty after the newest. */
  later() {
    this.#at = Math.min(this.#lines.length, this.#at + 1);
    return this.#lines[this.#at] ?? "";
  }
}

export class Drafts {
  #drafts = new Map(Object.entries(recall("drafts", {})));

  /** What was begun at a place: a conversation or thread, and a person. */
  at(place) {
    const words = this.#drafts.get(place);
    return typeof words === "string" ? words : "";
  }

  /** Keep what was begun at a place; nothing when it is empty. */
  keep(place, words) {
    if (words.trim() === "") this.#drafts.delete(place);
    else this.#drafts.set(place, words);
    remember("drafts", Object.fromEntries(this.#drafts));
  }
}
