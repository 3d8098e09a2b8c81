// The state of the page as its server tells it, kept up to date by a long poll, and what people do as promises.

import { FIRST_PERSON } from "./route.js";
import { fetchState, post } from "./server.js";
import { shapeState } from "./shape.js";

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A server that answers at once with nothing new would otherwise be asked in a tight loop. */
const IDLE_PAUSE_MS = 1_000;
// A browser has six connections to a place. So that many tabs can be open, only those that are seen hold one.
const HIDDEN_PAUSE_MS = 3_000;

/** Compare two message timestamps, "seconds.fraction". They have more digits than a number can carry. */
export function compareTs(first, second) {
  const [seconds, fraction = ""] = String(first).split(".");
  const [otherSeconds, otherFraction = ""] = String(second).split(".");
  return seconds.length - otherSeconds.length || order(seconds, otherSeconds) || order(fraction, otherFraction);
}

function order(first, second) {
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

export class Store {
  /** The last answer in shape, null before there is one. Its people, conversations and messages are below. */
  state = null;
  /** "connecting" until the first answer, then "online" or "lost". */
  connection = "connecting";
  // The same maps for as long as the page lives: whoever renders blocks holds on to them.
  people = new Map();
  conversations = new Map();
  usergroups = new Map();
  /** Counts what makes everything that was drawn with names wrong: other names, another acting person. */
  epoch = 0;

  #messages = new Map();
  #listeners = new Set();
  #person;
  #after = 0;
  #session = 0;
  #poll = null;
  #wake = null;
  #receivedAt = 0;
  #directory = "";

  /** @param {string} person The id of the person to act as. */
  constructor(person) {
    this.#person = person;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#poll?.abort();
      else this.retryNow();
    });
  }

  /** The id of the acting person. */
  get me() {
    return this.state?.me ?? this.#person;
  }

  /** The acting person's record; an empty one while it is unknown. */
  get myself() {
    return this.people.get(this.me) ?? { id: this.me, name: "", real_name: "", role: "member", title: "", tz: "UTC" };
  }

  /** The sandbox's time. */
  now() {
    const told = Date.parse(this.state?.clock.now ?? "");
    return Number.isNaN(told) ? new Date() : new Date(told + performance.now() - this.#receivedAt);
  }

  /** The messages of a conversation that the acting person sees, oldest first, threads included. */
  messagesOf(channel) {
    return this.#messages.get(channel)?.sorted ?? [];
  }

  /** One message, or undefined. */
  message(channel, ts) {
    return this.#messages.get(channel)?.byTs.get(ts);
  }

  /** Be told of every change; returns the function that ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begin to follow the server. */
  start() {
    window.addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retryNow());
    this.#follow();
  }

  /** Act as somebody else from now on. */
  switchTo(person) {
    this.#person = person;
    this.#after = 0;
    this.#follow();
  }

  /** Try again at once if the page is waiting before its next attempt. */
  retryNow() {
    this.#wake?.();
  }

  /** Do something as the acting person: a body of `/act` without `as`. */
  act(body) {
    return post("/act", { as: this.#person, ...body });
  }

  /** Change the simulated Docker Hub. */
  hub(body) {
    return post("/hub", body);
  }

  /** Change the simulated Slack. */
  slack(body) {
    return post("/slack", body);
  }

  /** Move the clock. */
  clock(body) {
    return post("/clock", { as: this.#person, ...body });
  }

  /** Wait until a test of the state gives something; null when that takes longer than five seconds. */
  until(test) {
    return new Promise((resolve) => {
      const finish = (found) => {
        stop();
        clearTimeout(timer);
        resolve(found);
      };
      const check = () => {
        const found = test();
        if (found) finish(found);
      };
      const stop = this.subscribe(check);
      const timer = setTimeout(() => finish(null), 5_000);
      check();
    });
  }

  async #follow() {
    const session = ++this.#session;
    this.#poll?.abort();
    this.#wake?.();
    let failures = 0;
    while (session === this.#session) {
      this.#poll = new AbortController();
      const asked = this.#after;
      const began = performance.now();
      const isHidden = document.hidden;
      const answer = await fetchState(this.#person, asked, this.#poll.signal, !isHidden);
      if (session !== this.#session) return;
      if (isHidden !== document.hidden && this.#poll.signal.aborted) continue;
      if (answer.ok) {
        failures = 0;
        const isNew = this.#take(shapeState(answer.state), asked);
        if (isHidden) await this.#pause(HIDDEN_PAUSE_MS);
        else if (!isNew && performance.now() - began < IDLE_PAUSE_MS) await this.#pause(IDLE_PAUSE_MS);
      } else {
        // The person may be one of another run of the sandbox.
        if (answer.isRefused) this.#person = FIRST_PERSON;
        // A server that went away may come back with a state of its own: everything is asked for anew.
        this.#after = 0;
        this.#tell(failures > 0 ? "lost" : this.connection);
        await this.#pause(Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** failures));
        failures += 1;
      }
    }
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#wake = end;
    });
  }

  /** Take over an answer; tells whether there was anything new in it. */
  #take(state, asked) {
    // A server that was started anew counts from the beginning: what was known before is worth nothing.
    const isWhole = asked === 0 || state.since === 0;
    const isSomebodyElse = this.state !== null && this.state.me !== state.me;
    const knewAll = isWhole || state.conversations.every((each) => this.conversations.has(each.id));
    this.state = state;
    this.#person = state.me || this.#person;
    this.#receivedAt = performance.now();
    this.#fillDirectory(state, isSomebodyElse);
    if (isWhole) this.#messages.clear();
    this.#mergeMessages(state.messages);
    // What was said in a conversation before it could be seen is older than `after`: it takes a whole answer.
    this.#after = knewAll ? state.version : 0;
    this.#tell("online");
    return state.version !== asked;
  }

  #fillDirectory(state, isSomebodyElse) {
    fillMap(this.people, state.people);
    fillMap(this.conversations, state.conversations);
    fillMap(this.usergroups, state.usergroups);
    const names = state.conversations.map((each) => [each.id, each.name]);
    const directory = JSON.stringify([state.people, state.usergroups, names]);
    if (directory !== this.#directory || isSomebodyElse) this.epoch += 1;
    this.#directory = directory;
  }

  #mergeMessages(messages) {
    const touched = new Set();
    for (const message of messages) {
      if (!this.#messages.has(message.channel)) this.#messages.set(message.channel, { byTs: new Map(), sorted: [] });
      const held = this.#messages.get(message.channel);
      if (message.is_deleted) held.byTs.delete(message.ts);
      else held.byTs.set(message.ts, message);
      touched.add(held);
    }
    for (const held of touched) held.sorted = [...held.byTs.values()].sort((a, b) => compareTs(a.ts, b.ts));
  }

  #tell(connection) {
    this.connection = connection;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        // One part of the page that fails must not stop the others, nor the poll.
        console.error(error);
      }
    }
  }
}

function fillMap(map, records) {
  map.clear();
  for (const each of records) map.set(each.id, each);
}
