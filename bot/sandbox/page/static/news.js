// The form that lets a vulnerability become known to the simulated Docker Scout.

import { h, replace } from "./dom.js";
import { counted } from "./names.js";

const SEVERITIES = [
  { id: "CRITICAL", label: "Critical" },
  { id: "HIGH", label: "High" },
  { id: "MEDIUM", label: "Medium" },
  { id: "LOW", label: "Low" },
];
const HELP =
  "It is in every image that has the package, until that is built anew. The bot asks once a day: move the time to tomorrow, and read the digest.";

export class NewsForm {
  element;
  #desk;
  #severity = h(
    "select",
    { id: "news-severity", class: "field" },
    SEVERITIES.map(({ id, label }) => h("option", { value: id }, label)),
  );
  #submit = h("button", { class: "button", type: "submit" }, "Publish");
  #done = h("p", { class: "push-done", role: "status" });

  /** @param {Object} desk `store` and `toasts`. */
  constructor(desk) {
    this.#desk = desk;
    this.element = h(
      "form",
      { class: "push", "aria-label": "Publish a vulnerability" },
      h("h4", {}, "Publish a vulnerability"),
      h("div", { class: "row" }, h("label", { for: this.#severity.id }, "Severity"), this.#severity),
      h("p", { class: "help" }, HELP),
      h("div", { class: "push-foot" }, this.#submit, this.#done),
    );
    this.element.addEventListener("submit", (event) => this.#publish(event));
  }

  async #publish(event) {
    event.preventDefault();
    const { store, toasts } = this.#desk;
    this.#submit.disabled = true;
    const answer = await store.hub({ do: "publish_vulnerability", severity: this.#severity.value });
    this.#submit.disabled = false;
    if (!answer.ok) return toasts.error(answer.error);
    const where = counted(answer.repositories, "repository", "repositories");
    replace(this.#done, `${answer.id} in `, h("bdi", {}, answer.package), `: ${where}.`);
  }
}
