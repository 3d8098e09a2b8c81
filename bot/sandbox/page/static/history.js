// What a person has sent, to bring back with the arrow keys as in a shell; and what they have begun to write where.

import { recall, remember } from "./memory.js";
import { asList, asRecord, asText } from "./safe.js";

const MOST = 100;

export class TypedHistory {
  #owner = "";
  #lines = [];
  #at = 0;

  /** Be the history of this person. */
  of(person) {
    if (person === this.#owner) return;
    this.#owner = person;
    this.#read();
  }

  /** Note a line that was sent. */
  add(line) {
    // Another tab may have added some, too.
    this.#read();
    if (this.#lines.at(-1) !== line) this.#lines = [...this.#lines, line].slice(-MOST);
    this.rewind();
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

  #read() {
    this.#lines = asList(recall(`history:${this.#owner}`, [])).filter((each) => typeof each === "string");
    this.rewind();
  }
}

/** What was begun at a place: a conversation or thread, and a person. */
export function draftAt(place) {
  return asText(asRecord(recall("drafts", {}))[place]);
}

/** Keep what was begun at a place; nothing when it is empty. Other places may be another tab's. */
export function keepDraft(place, words) {
  const drafts = asRecord(recall("drafts", {}));
  if (words.trim() === "") delete drafts[place];
  else drafts[place] = words;
  remember("drafts", drafts);
}
