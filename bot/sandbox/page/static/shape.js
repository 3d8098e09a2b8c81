// Brings the server's answers into shape: whatever is missing or of another type gets a harmless value.

import { asList, asRecord, asText } from "./safe.js";

const whole = (value) => asList(value, Infinity);
const number = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
const oneOf = (value, ...allowed) => (allowed.includes(value) ? value : allowed[0]);

/** The objects of a list that have an id. */
function identified(value) {
  const found = whole(value).map(asRecord);
  return found.filter((each) => asText(each.id)).map((each) => ({ ...each, id: asText(each.id) }));
}

/** Bring a whole answer of `/state` into shape. */
export function shapeState(answer) {
  const raw = asRecord(answer);
  return {
    version: number(raw.version),
    since: number(raw.since, -1),
    workspace: { ...asRecord(raw.workspace), name: asText(asRecord(raw.workspace).name) || "Workspace" },
    me: asText(raw.me),
    people: identified(raw.people).map(shapePerson),
    usergroups: identified(raw.usergroups).map(shapeUsergroup),
    conversations: identified(raw.conversations).map(shapeConversation),
    messages: whole(raw.messages)
      .map(asRecord)
      .filter((each) => asText(each.channel) && asText(each.ts))
      .map(shapeMessage),
    views: identified(raw.views),
    home: { enabled: Boolean(asRecord(raw.home).enabled), view: asRecord(raw.home).view ?? null },
    app: shapeApp(asRecord(raw.app)),
    clock: { now: asText(asRecord(raw.clock).now), offset_seconds: number(asRecord(raw.clock).offset_seconds) },
    bot: { state: oneOf(asRecord(raw.bot).state, "up", "down"), transport: asText(asRecord(raw.bot).transport) },
    hub: shapeHub(asRecord(raw.hub)),
    slack: { network: oneOf(asRecord(raw.slack).network, "up", "slow", "limited", "down", "revoked") },
  };
}

function shapePerson(raw) {
  const name = asText(raw.name) || asText(raw.id);
  return {
    ...raw,
    name,
    real_name: asText(raw.real_name) || name,
    role: asText(raw.role) || "member",
    title: asText(raw.title),
    tz: asText(raw.tz) || "UTC",
    is_bot: Boolean(raw.is_bot),
    can_act: Boolean(raw.can_act),
  };
}

function shapeUsergroup(raw) {
  return { ...raw, handle: asText(raw.handle) || asText(raw.id), name: asText(raw.name), users: whole(raw.users) };
}

function shapeConversation(raw) {
  return {
    ...raw,
    name: asText(raw.name) || asText(raw.id),
    kind: oneOf(raw.kind, "public", "private", "im"),
    topic: asText(raw.topic),
    with: asText(raw.with) || null,
    is_member: Boolean(raw.is_member),
    bot_is_member: Boolean(raw.bot_is_member),
    is_archived: Boolean(raw.is_archived),
    is_shared: Boolean(raw.is_shared),
    is_read_only: Boolean(raw.is_read_only),
    member_count: number(raw.member_count),
  };
}

function shapeMessage(raw) {
  return {
    ...raw,
    channel: asText(raw.channel),
    ts: asText(raw.ts),
    user: asText(raw.user),
    text: asText(raw.text),
    blocks: whole(raw.blocks),
    attachments: whole(raw.attachments).map(asRecord),
    files: whole(raw.files).map(shapeFile),
    thread_ts: asText(raw.thread_ts) || null,
    reply_count: number(raw.reply_count),
    subtype: asText(raw.subtype) || null,
  };
}

function shapeFile(value) {
  const raw = asRecord(value);
  const name = asText(raw.name) || asText(raw.title) || "file";
  return { ...raw, name, mimetype: asText(raw.mimetype), size: number(raw.size), url: asText(raw.url) };
}

function shapeApp(raw) {
  return {
    ...raw,
    id: asText(raw.id),
    name: asText(raw.name) || "Hub Bot",
    bot_user: asText(raw.bot_user),
    command: asText(raw.command) || "/hub",
    usage_hint: asText(raw.usage_hint),
    description: asText(raw.description),
    verbs: whole(raw.verbs)
      .map(asRecord)
      .filter((each) => asText(each.name))
      .map(shapeVerb),
    shortcuts: whole(raw.shortcuts)
      .map(asRecord)
      .filter((each) => asText(each.callback_id))
      .map(shapeShortcut),
    tips: whole(raw.tips).filter((each) => typeof each === "string"),
  };
}

function shapeVerb(raw) {
  const options = whole(raw.options)
    .map(asRecord)
    .filter((each) => asText(each.name));
  return {
    ...raw,
    name: asText(raw.name),
    group: asText(raw.group),
    usage: asText(raw.usage) || asText(raw.name),
    summary: asText(raw.summary),
    options: options.map((each) => ({ name: asText(each.name), help: asText(each.help) })),
  };
}

function shapeShortcut(raw) {
  const id = asText(raw.callback_id);
  return { callback_id: id, name: asText(raw.name) || id, type: asText(raw.type) };
}

function shapeHub(raw) {
  const repositories = whole(raw.repositories)
    .map(asRecord)
    .filter((each) => asText(each.name));
  return {
    url: asText(raw.url),
    network: oneOf(raw.network, "up", "slow", "limited", "down"),
    token: oneOf(raw.token, "good", "expired"),
    webhooks: oneOf(raw.webhooks, "prompt", "late", "doubled", "lost"),
    data: oneOf(raw.data, "fresh", "lagging"),
    build_farm: oneOf(raw.build_farm, "working", "failing", "paused", "dropping"),
    requests: number(raw.requests),
    webhooks_sent: number(raw.webhooks_sent),
    webhooks_failed: number(raw.webhooks_failed),
    repositories: repositories.map((each) => ({
      name: asText(each.name),
      tags: whole(each.tags).filter((tag) => typeof tag === "string"),
      is_private: Boolean(each.is_private),
    })),
    organizations: whole(raw.organizations)
      .map(asRecord)
      .filter((each) => asText(each.name))
      .map(shapeOrganization),
    builds: whole(raw.builds)
      .map(asRecord)
      .filter((each) => asText(each.repository))
      .map(shapeBuilds),
  };
}

function shapeBuilds(raw) {
  return {
    repository: asText(raw.repository),
    trigger_url: asText(raw.trigger_url),
    last: whole(raw.last)
      .map(asRecord)
      .map((each) => ({ tag: asText(each.tag), state: asText(each.state) })),
  };
}

function shapeOrganization(raw) {
  const invites = whole(raw.invites)
    .map(asRecord)
    .filter((each) => asText(each.invitee));
  return {
    name: asText(raw.name),
    members: number(raw.members),
    seats: raw.seats === null ? null : number(raw.seats),
    seats_used: number(raw.seats_used),
    invites: invites.map((each) => ({
      invitee: asText(each.invitee),
      role: asText(each.role) || "member",
      team: asText(each.team),
    })),
  };
}
