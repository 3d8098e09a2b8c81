// The automated builds of the simulated Docker Hub: what is being built, and the URLs that ask for it.

import { h } from "./dom.js";
import { redraw } from "./redraw.js";

const NOTHING_YET = "nothing was built yet";

export class Builds {
  element = h("div", { class: "builds" });
  #toasts;

  /** @param {Toasts} toasts Say whether a URL could be copied. */
  constructor(toasts) {
    this.#toasts = toasts;
  }

  /** Show the repositories that Docker Hub builds. */
  update(builds) {
    const list = () => h("ul", { class: "panel-list", "aria-label": "Builds" }, builds.map((each) => this.#draw(each)));
    redraw(this.element, builds, () => (builds.length > 0 ? list() : []));
  }

  #draw({ repository, trigger_url: url, last }) {
    return h(
      "li",
      { class: "panel-item" },
      h("span", { class: "panel-words" }, h("bdi", {}, repository), h("span", { class: "panel-fact" }, words(last))),
      h(
        "button",
        {
          class: "button is-small",
          type: "button",
          "aria-label": `Copy the trigger URL of ${repository}`,
          title: url,
          dataset: { key: `trigger ${repository}` },
          onclick: () => this.#copy(repository, url),
        },
        "Copy URL",
      ),
    );
  }

  async #copy(repository, url) {
    try {
      await navigator.clipboard.writeText(url);
      this.#toasts.info(`The trigger URL of ${repository} is copied.`);
    } catch {
      this.#toasts.error(`The browser does not let it be copied: ${url}`);
    }
  }
}

function words(builds) {
  return builds.map(({ tag, state }) => `${tag}: ${state}`).join(", ") || NOTHING_YET;
}
