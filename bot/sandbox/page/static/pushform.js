// The form that pushes a tag to the simulated Docker Hub, as somebody's build would.

import { h, replace } from "./dom.js";
import { inOrder } from "./repositories.js";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"];
const HELP = "Like a build’s push: the tag is there at once, with a new digest and the clock’s time.";
const USUAL = new Set(["linux/amd64", "linux/arm64"]);

export class PushForm {
  element;
  #desk;
  #repository = h("select", { id: "push-repository", class: "field" });
  #tag = h("input", { id: "push-tag", class: "field", type: "text", required: true, placeholder: "2.5.0" });
  #platforms;
  #submit = h("button", { class: "button is-primary", type: "submit" }, "Push");
  #done = h("p", { class: "push-done", role: "status" });
  #known = "";

  constructor(desk) {
    this.#desk = desk;
    for (const name of ["autocomplete", "autocapitalize"]) this.#tag.setAttribute(name, "off");
    this.#tag.setAttribute("spellcheck", "false");
    this.#platforms = PLATFORMS.map((name) => h("input", { type: "checkbox", value: name, checked: USUAL.has(name) }));
    const boxes = PLATFORMS.map((name, at) => h("label", { class: "check" }, this.#platforms[at], h("span", {}, name)));
    this.element = h(
      "form",
      { class: "push", "aria-label": "Push a tag" },
      h("h4", {}, "Push a tag"),
      h("div", { class: "row" }, h("label", { for: "push-repository" }, "Repository"), this.#repository),
      h("div", { class: "row" }, h("label", { for: "push-tag" }, "Tag"), this.#tag),
      h("fieldset", { class: "checks" }, h("legend", {}, "Platforms"), boxes),
      h("p", { class: "help" }, HELP),
      h("div", { class: "push-foot" }, this.#submit, this.#done),
    );
    this.element.addEventListener("submit", (event) => this.#push(event));
  }

  /** Show the repositories that there are; what is being chosen stays chosen. */
  update(repositories) {
    const known = JSON.stringify(repositories.map((each) => each.name));
    if (known === this.#known) return;
    this.#known = known;
    const chosen = this.#repository.value;
    const names = inOrder(repositories).map((each) => each.name);
    replace(
      this.#repository,
      names.map((name) => h("option", { value: name }, name)),
    );
    this.#repository.value = names.includes(chosen) ? chosen : (names[0] ?? "");
  }

  async #push(event) {
    event.preventDefault();
    const { store, toasts } = this.#desk;
    const repository = this.#repository.value;
    const tag = this.#tag.value.trim();
    const platforms = this.#platforms.filter((each) => each.checked).map((each) => each.value);
    if (platforms.length === 0) return toasts.error("Choose at least one platform.");
    this.#submit.disabled = true;
    replace(this.#done, "Pushing…");
    const answer = await store.hub({ do: "push_tag", repository, tag, platforms });
    this.#submit.disabled = false;
    if (!answer.ok) {
      replace(this.#done);
      return toasts.error(answer.error);
    }
    const digest = String(answer.digest ?? "")
      .replace(/^sha256:/u, "")
      .slice(0, 12);
    replace(this.#done, "Pushed ", h("bdi", {}, `${repository}:${tag}`), digest && [" ", h("code", {}, digest)]);
  }
}
