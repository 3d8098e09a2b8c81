// Brings the server's answers into shape: whatever is missing or of another type gets a harmless value.

/** The value if it is a string (or a number, as words), else the other one. */
export function text(value, otherwise = "") {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : otherwise;
}

/** The value if it is a list, else an empty one. */
export function list(value) {
  return Array.isArray(value) ? value : [];
}

/** The value if it is an object, else an empty one. */
export function record(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** The value if it is a finite number, else the other one. */
export function number(value, otherwise = 0) {
  return Number.isFinite(value) ? value : otherwise;
}

/** The value if it is one of those allowed, else the first of them. */
export function oneOf(value, ...allowed) {
  return allowed.includes(value) ? value : allowed[0];
}

/** The objects of a list that have an id. */
function identified(value) {
  const found = list(value).map(record);
  return found.filter((each) => text(each.id)).map((each) => ({ ...each, id: text(each.id) }));
}

/** Bring a whole answer of `/state` into shape. */
export function shapeState(answer) {
  const raw = record(answer);
  return {
    version: number(raw.version),
    since: number(raw.since, -1),
    workspace: { ...record(raw.workspace), name: text(record(raw.workspace).name) || "Workspace" },
    me: text(raw.me),
    people: identified(raw.people).map(shapePerson),
    usergroups: identified(raw.usergroups).map(shapeUsergroup),
    conversations: identified(raw.conversations).map(shapeConversation),
    messages: list(raw.messages)
      .map(record)
      .filter((each) => text(each.channel) && text(each.ts))
      .map(shapeMessage),
    views: identified(raw.views),
    home: { enabled: Boolean(record(raw.home).enabled), view: record(raw.home).view ?? null },
    app: shapeApp(record(raw.app)),
    clock: { now: text(record(raw.clock).now), offset_seconds: number(record(raw.clock).offset_seconds) },
    bot: { state: oneOf(record(raw.bot).state, "up", "down"), transport: text(record(raw.bot).transport) },
    hub: shapeHub(record(raw.hub)),
    slack: { network: oneOf(record(raw.slack).network, "up", "slow", "limited", "down", "revoked") },
  };
}

function shapePerson(raw) {
  const name = text(raw.name) || text(raw.id);
  return {
    ...raw,
    name,
    real_name: text(raw.real_name) || name,
    role: text(raw.role, "member"),
    title: text(raw.title),
    tz: text(raw.tz) || "UTC",
    is_bot: Boolean(raw.is_bot),
    can_act: Boolean(raw.can_act),
  };
}

function shapeUsergroup(raw) {
  return { ...raw, handle: text(raw.handle) || text(raw.id), name: text(raw.name), users: list(raw.users) };
}

function shapeConversation(raw) {
  return {
    ...raw,
    name: text(raw.name) || text(raw.id),
    kind: oneOf(raw.kind, "public", "private", "im"),
    topic: text(raw.topic),
    with: text(raw.with) || null,
    is_member: Boolean(raw.is_member),
    bot_is_member: Boolean(raw.bot_is_member),
    is_archived: Boolean(raw.is_archived),
    is_shared: Boolean(raw.is_shared),
    member_count: number(raw.member_count),
  };
}

function shapeMessage(raw) {
  return {
    ...raw,
    channel: text(raw.channel),
    ts: text(raw.ts),
    user: text(raw.user),
    text: text(raw.text),
    blocks: list(raw.blocks),
    attachments: list(raw.attachments).map(record),
    files: list(raw.files).map(shapeFile),
    thread_ts: text(raw.thread_ts) || null,
    reply_count: number(raw.reply_count),
    subtype: text(raw.subtype) || null,
  };
}

function shapeFile(value) {
  const raw = record(value);
  const name = text(raw.name) || text(raw.title) || "file";
  return { ...raw, name, mimetype: text(raw.mimetype), size: number(raw.size), url: text(raw.url) };
}

function shapeApp(raw) {
  return {
    ...raw,
    id: text(raw.id),
    name: text(raw.name) || "Hub Bot",
    bot_user: text(raw.bot_user),
    command: text(raw.command) || "/hub",
    usage_hint: text(raw.usage_hint),
    description: text(raw.description),
    verbs: list(raw.verbs)
      .map(record)
      .filter((each) => text(each.name))
      .map(shapeVerb),
    shortcuts: list(raw.shortcuts)
      .map(record)
      .filter((each) => text(each.callback_id))
      .map(shapeShortcut),
    tips: list(raw.tips).filter((each) => typeof each === "string"),
  };
}

function shapeVerb(raw) {
  const options = list(raw.options)
    .map(record)
    .filter((each) => text(each.name));
  return {
    ...raw,
    name: text(raw.name),
    group: text(raw.group),
    usage: text(raw.usage) || text(raw.name),
    summary: text(raw.summary),
    options: options.map((each) => ({ name: text(each.name), help: text(each.help) })),
  };
}

function shapeShortcut(raw) {
  return { callback_id: text(raw.callback_id), name: text(raw.name) || text(raw.callback_id), type: text(raw.type) };
}

function shapeHub(raw) {
  const repositories = list(raw.repositories)
    .map(record)
    .filter((each) => text(each.name));
  return {
    url: text(raw.url),
    network: oneOf(raw.network, "up", "slow", "limited", "down"),
    token: oneOf(raw.token, "good", "expired"),
    requests: number(raw.requests),
    repositories: repositories.map((each) => ({
      name: text(each.name),
      tags: list(each.tags).filter((tag) => typeof tag === "string"),
      is_private: Boolean(each.is_private),
    })),
  };
}
