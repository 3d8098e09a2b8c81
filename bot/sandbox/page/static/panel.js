// The right side: what people may do to the simulated Docker Hub, to the simulated Slack and to the time.

import { Builds } from "./builds.js";
import { h, replace } from "./dom.js";
import { formatDate } from "./kit/dates.js";
import { icon, iconButton } from "./icons.js";
import { recall, remember } from "./memory.js";
import { segments } from "./segments.js";
import { counted } from "./names.js";
import { NewsForm } from "./news.js";
import { Organizations } from "./organizations.js";
import { PushForm } from "./pushform.js";

const HUB_NETWORK = [
  { id: "up", label: "Up", help: "Docker Hub answers at once." },
  { id: "slow", label: "Slow", help: "Every answer takes seconds. The bot should say that it is working on it." },
  { id: "limited", label: "Rate limited", help: "Docker Hub refuses with 429. The bot should say when to try again." },
  { id: "down", label: "Down", help: "Docker Hub cannot be reached. The bot should say so, and nothing else." },
];
const HUB_TOKEN = [
  {
    id: "good",
    label: "Good",
    help: "Docker Hub takes the bot’s token. A bot that was refused may wait before it tries again: move the time.",
  },
  { id: "expired", label: "Expired", help: "Docker Hub refuses the bot’s token. The bot should say what to renew." },
];
const HUB_WEBHOOKS = [
  { id: "prompt", label: "Prompt", help: "Docker Hub tells the bot of a push at once, in several webhooks over seconds." },
  { id: "late", label: "Late", help: "Every webhook comes half a minute late." },
  { id: "doubled", label: "Doubled", help: "Every webhook comes twice, the last of a push first. The bot should tell it once." },
  { id: "lost", label: "Lost", help: "No webhook comes. The bot should find a push by itself, within the hour: move the time." },
];
const HUB_DATA = [
  { id: "fresh", label: "Fresh", help: "What is pushed is there for everybody at once." },
  {
    id: "lagging",
    label: "Lagging",
    help: "Docker Hub shows a push 20 seconds after it told of it. The bot should say that it is confirming.",
  },
];
const BUILD_FARM = [
  { id: "working", label: "Building", help: "What is asked for waits 5 seconds, is built in 30, and pushed." },
  { id: "failing", label: "Failing", help: "What is asked for from now on fails. The bot should say so." },
  { id: "paused", label: "Paused", help: "Nothing begins until this is lifted. After half an hour the bot should say so: move the time." },
  { id: "dropping", label: "Dropping", help: "Docker Hub says yes and forgets it. The bot should find out: move the time." },
];
const SLACK_NETWORK = [
  { id: "up", label: "Up", help: "Slack takes what the bot says at once." },
  { id: "slow", label: "Slow", help: "What the bot says arrives seconds late." },
  { id: "limited", label: "Rate limited", help: "Slack refuses with 429. The bot should wait, then say it once." },
  { id: "down", label: "Down", help: "Slack’s API fails. Answers may be missing until it is up again." },
  { id: "revoked", label: "Token revoked", help: "Slack refuses the bot’s token, as if the app had been removed." },
];
const STEPS = [
  { label: "+1 hour", body: { advance_seconds: 3600 } },
  { label: "+1 day", body: { advance_seconds: 86_400 } },
  { label: "Tomorrow 09:00", body: { to: "tomorrow 09:00" } },
];

export class Panel {
  #desk;
  #requests = h("span", { class: "panel-fact" });
  #bot = h("p", { class: "bot-state" });
  #hubNetwork;
  #hubToken;
  #hubWebhooks;
  #hubData;
  #slackNetwork;
  #push;
  #news;
  #buildFarm;
  #builds;
  #organizations;
  #time = h("span", { class: "clock-time" });
  #day = h("span", { class: "clock-day" });
  #zone = h("p", { class: "clock-zone" });
  #reset;

  /**
   * @param {HTMLElement} root
   * @param {Object} desk `store`, `toasts`, and what can be done: `closePanel`.
   */
  constructor(root, desk) {
    this.#desk = desk;
    const { store, toasts } = desk;
    const tell = async (promise) => {
      const answer = await promise;
      if (!answer.ok) toasts.error(answer.error);
      return answer.ok;
    };
    this.#hubNetwork = segments("Docker Hub network", "Network", HUB_NETWORK, (state) =>
      tell(store.hub({ do: "network", state })),
    );
    this.#hubToken = segments("Docker Hub token", "The bot’s token", HUB_TOKEN, (state) =>
      tell(store.hub({ do: "token", state })),
    );
    this.#hubWebhooks = segments("Docker Hub webhooks", "Webhooks", HUB_WEBHOOKS, (state) =>
      tell(store.hub({ do: "webhooks", state })),
    );
    this.#hubData = segments("Docker Hub data", "What Docker Hub shows", HUB_DATA, (state) =>
      tell(store.hub({ do: "data", state })),
    );
    this.#slackNetwork = segments("Slack network", "Network", SLACK_NETWORK, (state) =>
      tell(store.slack({ do: "network", state })),
    );
    this.#push = new PushForm(desk);
    this.#news = new NewsForm(desk);
    this.#buildFarm = segments("Docker Hub builds", "Builds", BUILD_FARM, (state) =>
      tell(store.hub({ do: "build_farm", state })),
    );
    this.#builds = new Builds(toasts);
    this.#organizations = new Organizations((organization, invitee) =>
      tell(store.hub({ do: "accept_invite", organization, invitee })),
    );
    this.#reset = h(
      "button",
      { class: "button is-small", type: "button", onclick: () => tell(store.clock({ reset: true })) },
      "Back to now",
    );
    const steps = STEPS.map(({ label, body }) =>
      h("button", { class: "button is-small", type: "button", onclick: () => tell(store.clock(body)) }, label),
    );
    const close = iconButton("Close controls", "close", desk.closePanel);
    root.append(
      h("header", { class: "pane-head" }, h("div", {}, h("h2", { class: "pane-title" }, "Simulation")), close),
      h(
        "div",
        { class: "panel-body" },
        section(
          "hub",
          "Docker Hub (simulated)",
          this.#push.element,
          this.#hubWebhooks.element,
          this.#hubData.element,
          this.#hubNetwork.element,
          this.#hubToken.element,
          h("div", {}, this.#buildFarm.element, this.#builds.element),
          this.#news.element,
          this.#organizations.element,
          this.#requests,
        ),
        section("slack", "Slack (simulated)", this.#bot, this.#slackNetwork.element),
        section(
          "time",
          "Time",
          h("div", { class: "clock" }, h("p", {}, this.#time, " ", this.#day), this.#zone),
          h("div", { class: "clock-steps", role: "group", "aria-label": "Move the clock" }, steps, this.#reset),
          h("p", { class: "help" }, "Ages, schedules and time limits follow this clock, in the bot and on Docker Hub."),
        ),
      ),
    );
  }

  /** Show the state. */
  update() {
    const { state } = this.#desk.store;
    if (!state) return;
    this.#hubNetwork.show(state.hub.network);
    this.#hubToken.show(state.hub.token);
    this.#hubWebhooks.show(state.hub.webhooks);
    this.#hubData.show(state.hub.data);
    this.#slackNetwork.show(state.slack.network);
    this.#push.update(state.hub.repositories);
    this.#buildFarm.show(state.hub.build_farm);
    this.#builds.update(state.hub.builds);
    this.#organizations.update(state.hub.organizations);
    setText(this.#requests, trafficWords(state.hub));
    this.#showBot(state);
    this.#reset.disabled = state.clock.offset_seconds === 0;
    this.tick();
  }

  /** Show the time, which passes by itself. */
  tick() {
    const { store, contexts } = this.#desk;
    if (!store.state) return;
    const { real_name: name, tz } = store.myself;
    const write = (tokens) => formatDate(store.now().getTime() / 1000, tokens, contexts.plain());
    setText(this.#time, write("{time}"));
    setText(this.#day, write("{date_long}"));
    const offset = offsetWords(store.state.clock.offset_seconds);
    const zone = `Where ${name} is: ${tz.replaceAll("_", " ")}`;
    setText(this.#zone, offset ? `${zone} · ${offset}` : zone);
  }

  #showBot({ app, bot }) {
    const transport = { http: "HTTP", socket: "Socket Mode" }[bot.transport];
    const isUp = bot.state === "up";
    const words = isUp
      ? `${app.name} is running${transport ? ` over ${transport}` : ""}.`
      : `${app.name} is not running.`;
    if (this.#bot.textContent === words) return;
    replace(this.#bot, h("span", { class: isUp ? "presence is-up" : "presence" }), words);
  }
}

function section(id, title, ...children) {
  const isOpen = recall(`panel:${id}`, true) !== false;
  const element = h(
    "details",
    { class: "panel-section", open: isOpen },
    h("summary", {}, h("h3", {}, title), icon("chevron")),
    h("div", { class: "panel-content" }, children),
  );
  element.addEventListener("toggle", () => remember(`panel:${id}`, element.open));
  return element;
}

function trafficWords({ requests, webhooks_sent: sent, webhooks_failed: failed }) {
  const inVain = failed > 0 ? `, ${failed.toLocaleString("en-US")} in vain` : "";
  return `${counted(requests, "request")} answered and ${counted(sent, "webhook")} sent so far${inVain}`;
}

function offsetWords(seconds) {
  if (seconds === 0) return "";
  const hours = Math.round(Math.abs(seconds) / 3600);
  const days = Math.floor(hours / 24);
  const parts = [days > 0 && counted(days, "day"), hours % 24 > 0 && counted(hours % 24, "hour")].filter(Boolean);
  return `${parts.join(" ") || "less than an hour"} ${seconds > 0 ? "ahead" : "behind"}`;
}

function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
