// The form that pushes a tag to the simulated Docker Hub, as somebody's build would, and has the bot told of it.

import { h, replace } from "./dom.js";
import { counted } from "./names.js";
import { inOrder, tagsOf } from "./repositories.js";

const PLATFORMS = [
  { id: "linux/amd64", label: "linux/amd64", isUsual: true },
  { id: "linux/arm64/v8", label: "linux/arm64", isUsual: true },
  { id: "linux/arm/v7", label: "linux/arm/v7" },
  { id: "windows/amd64", label: "windows/amd64" },
];
const NEW = "new";
const FORMER = "former";
const IMAGES = [
  { id: NEW, label: "A new build" },
  { id: FORMER, label: "The previous one" },
];
const HELP = {
  [NEW]: "Like a build’s push: a new digest and the clock’s time. For several platforms Docker Hub sends several webhooks.",
  [FORMER]: "The tag points again at the image that it pointed at before its last change.",
};
const MOST_WEBHOOKS = 50;
/** What the bot waits for before it tells of pushes: another one of the same repository would belong to them. */
const WAITING = "The bot waits for five quiet seconds.";
/** As Docker Hub does: one for a single image; else one for each manifest and attestation, and one for the index. */
const usualWebhooks = (platforms) => (platforms > 1 ? 2 * platforms + 1 : 1);

export class PushForm {
  element;
  #desk;
  #repositories = [];
  #repository = h("select", { id: "push-repository", class: "field", onchange: () => this.#suggestTags() });
  #tag = h("input", { id: "push-tag", class: "field", type: "text", required: true, placeholder: "2.5.0" });
  #tags = h("datalist", { id: "push-tags" });
  #image = h(
    "select",
    { id: "push-image", class: "field", onchange: () => this.#showImage() },
    IMAGES.map(({ id, label }) => h("option", { value: id }, label)),
  );
  #platforms;
  #boxes;
  #growth = numberField("push-growth", { min: -90, max: 1000, placeholder: "0" });
  #webhooks = numberField("push-webhooks", { min: 0, max: MOST_WEBHOOKS });
  #help = h("p", { class: "help" }, HELP[NEW]);
  #submit = h("button", { class: "button is-primary", type: "submit" }, "Push");
  #done = h("p", { class: "push-done", role: "status" });
  #known = "";

  constructor(desk) {
    this.#desk = desk;
    for (const name of ["autocomplete", "autocapitalize"]) this.#tag.setAttribute(name, "off");
    this.#tag.setAttribute("spellcheck", "false");
    this.#tag.setAttribute("list", this.#tags.id);
    this.#platforms = PLATFORMS.map(({ id, isUsual = false }) =>
      h("input", { type: "checkbox", value: id, checked: isUsual, onchange: () => this.#showUsual() }),
    );
    const labels = PLATFORMS.map(({ label }, at) =>
      h("label", { class: "check" }, this.#platforms[at], h("span", {}, label)),
    );
    this.#boxes = h("fieldset", { class: "checks" }, h("legend", {}, "Platforms"), labels);
    this.element = h(
      "form",
      { class: "push", "aria-label": "Push a tag" },
      h("h4", {}, "Push a tag"),
      row("Repository", this.#repository),
      row("Tag", this.#tag),
      this.#tags,
      row("Image", this.#image),
      this.#boxes,
      h("div", { class: "pair" }, column("Grow by, %", this.#growth), column("Webhooks", this.#webhooks)),
      this.#help,
      h("div", { class: "push-foot" }, this.#submit, this.#done),
    );
    this.element.addEventListener("submit", (event) => this.#push(event));
    this.#showUsual();
  }

  /** Show the repositories that there are; what is being chosen stays chosen. */
  update(repositories) {
    this.#repositories = repositories;
    this.#suggestTags();
    const known = JSON.stringify(repositories.map((each) => each.name));
    if (known === this.#known) return;
    this.#known = known;
    const chosen = this.#repository.value;
    const names = inOrder(repositories).map((each) => each.name);
    replace(
      this.#repository,
      names.map((name) => h("option", { value: name }, name)),
    );
    this.#repository.value = names.includes(chosen) ? chosen : this.#first(names);
    this.#suggestTags();
  }

  /** What to begin with: what the tips are about, for that may be subscribed to. */
  #first(names) {
    const words = (this.#desk.store.state?.app.tips ?? []).flatMap((tip) => tip.split(/[\s:]/u));
    return words.find((each) => names.includes(each)) ?? names[0] ?? "";
  }

  #suggestTags() {
    const tags = tagsOf(this.#repository.value, this.#repositories) ?? [];
    const shown = [...this.#tags.children].map((each) => each.value);
    if (JSON.stringify(shown) === JSON.stringify(tags)) return;
    replace(
      this.#tags,
      tags.map((value) => h("option", { value })),
    );
  }

  #showImage() {
    const isFormer = this.#image.value === FORMER;
    this.#boxes.disabled = isFormer;
    this.#growth.disabled = isFormer;
    replace(this.#help, HELP[this.#image.value]);
    replace(this.#submit, isFormer ? "Roll back" : "Push");
    this.#showUsual();
  }

  #showUsual() {
    const chosen = this.#chosen().length;
    this.#webhooks.placeholder = this.#image.value === FORMER ? "as usual" : `${usualWebhooks(chosen)}, as usual`;
  }

  #chosen() {
    return this.#platforms.filter((each) => each.checked).map((each) => each.value);
  }

  #order() {
    const order = { repository: this.#repository.value, tag: this.#tag.value.trim() };
    if (this.#webhooks.value !== "") order.webhooks = this.#webhooks.valueAsNumber;
    if (this.#image.value === FORMER) return { do: "roll_back_tag", ...order };
    const growth = this.#growth.value === "" ? 0 : this.#growth.valueAsNumber;
    return { do: "push_tag", ...order, platforms: this.#chosen(), grow_percent: growth };
  }

  async #push(event) {
    event.preventDefault();
    const { store, toasts } = this.#desk;
    const order = this.#order();
    if (order.platforms?.length === 0) return toasts.error("Choose at least one platform.");
    this.#submit.disabled = true;
    replace(this.#done, "Pushing…");
    const answer = await store.hub(order);
    this.#submit.disabled = false;
    if (!answer.ok) {
      replace(this.#done);
      return toasts.error(answer.error);
    }
    const webhooks = Number(answer.webhooks) || 0;
    const digest = String(answer.digest ?? "")
      .replace(/^sha256:/u, "")
      .slice(0, 12);
    replace(
      this.#done,
      order.platforms ? "Pushed " : "Rolled back ",
      h("bdi", {}, `${order.repository}:${order.tag}`),
      digest && [" ", h("code", {}, digest)],
      ", ",
      h("span", { class: "push-count" }, counted(webhooks, "webhook")),
      webhooks > 0 ? `. ${WAITING}` : ".",
    );
  }
}

function numberField(id, { min, max, placeholder = "" }) {
  return h("input", { id, class: "field", type: "number", step: "1", min: `${min}`, max: `${max}`, placeholder });
}

function row(label, field) {
  return h("div", { class: "row" }, h("label", { for: field.id }, label), field);
}

function column(label, field) {
  return h("div", { class: "column" }, h("label", { for: field.id }, label), field);
}
