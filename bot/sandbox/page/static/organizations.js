// The organizations of the simulated Docker Hub: their seats, and who is invited and can be let accept.

import { h } from "./dom.js";
import { counted } from "./names.js";
import { redraw } from "./redraw.js";

export class Organizations {
  element = h("div", { class: "organizations" });
  #accept;

  /** @param {function(string, string)} accept Lets an invitee join: the organization's name, and whom it invited. */
  constructor(accept) {
    this.#accept = accept;
  }

  /** Show the organizations that there are. */
  update(organizations) {
    redraw(this.element, organizations, () => organizations.map((each) => this.#draw(each)));
  }

  #draw(organization) {
    return h(
      "section",
      { class: "organization", "aria-label": `Organization ${organization.name}` },
      h("h4", {}, "Organization ", h("bdi", {}, organization.name)),
      h("p", { class: "panel-fact" }, seatWords(organization)),
      organization.invites.length > 0
        ? h(
            "ul",
            { class: "panel-list" },
            organization.invites.map((invite) => this.#drawInvite(organization.name, invite)),
          )
        : h("p", { class: "help" }, "Nobody is invited."),
    );
  }

  #drawInvite(organization, { invitee, role, team }) {
    const as = team ? `${role}, ${team}` : role;
    return h(
      "li",
      { class: "panel-item" },
      h("span", { class: "panel-words" }, h("bdi", {}, invitee), h("span", { class: "panel-fact" }, `invited as ${as}`)),
      h(
        "button",
        {
          class: "button is-small",
          type: "button",
          "aria-label": `Accept for ${invitee}`,
          dataset: { key: `accept ${organization} ${invitee}` },
          onclick: () => this.#accept(organization, invitee),
        },
        "Accept",
      ),
    );
  }
}

function seatWords({ members, seats, seats_used: used }) {
  const people = counted(members, "member");
  return seats === null ? people : `${people}, ${used} of ${counted(seats, "seat")} taken`;
}
