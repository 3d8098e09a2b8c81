// An app on Slack's own framework for Node: it tells what it understood, and reacts as it is told.
//
// Usage: node slack_bolt_app.mjs http|socket API_URL BOT_TOKEN SIGNING_SECRET|APP_TOKEN
//
// First it tells {"ready": port}. A line on standard input sets rules, answered by {"told": true}:
//   {"rules": {"action:go": [{"ack": null}, {"respond": {"text": "Gone"}}]}, "refusal": 500}
// A rule is for a kind, or for a kind and a name; its steps are carried out one after the other. With a refusal,
// everything that comes is answered with that status, or, in Socket Mode, not at all.
// What comes is told as {"heard": "action", "name": "go", "payload": {…}, "body": {…}, "context": {…}}, a step that
// failed as {"failed": "respond", "error": "…"}, and what comes while it refuses as {"refused": …}.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../.tools/slack/", import.meta.url));
const { App, HTTPReceiver, LogLevel, SocketModeReceiver } = require("@slack/bolt");

const [, , mode, slackApiUrl, token, secret] = process.argv;
const clientOptions = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 5000 };
const logLevel = LogLevel.ERROR;
const ACKNOWLEDGED = [{ ack: null }];
// Events are acknowledged by the framework itself.
const DEFAULTS = { event: [] };
const STEPS = {
  ack: (value, { ack }) => ack(value ?? undefined),
  respond: (value, { respond }) => respond(value),
  say: (value, { say }) => say(value),
  open: (view, { client, body }) => client.views.open({ trigger_id: body.trigger_id, view }),
  push: (view, { client, body }) => client.views.push({ trigger_id: body.trigger_id, view }),
  update: (view, { client, body }) => client.views.update({ view_id: body.view.id, hash: body.view.hash, view }),
  publish: (view, { client, event }) => client.views.publish({ user_id: event.user, view }),
};

let rules = {};
let refusal = 0;

const app = new App({ receiver: receiver(), authorize, clientOptions, logLevel });
app.command(/.*/, (args) => react("command", args.command.command, args));
app.action(/.*/, (args) => react("action", args.action.action_id, args));
app.shortcut(/.*/, (args) => react("shortcut", args.shortcut.callback_id, args));
app.view(/.*/, (args) => react("view", args.view.callback_id, args));
app.view({ type: "view_closed", callback_id: /.*/ }, (args) => react("view_closed", args.view.callback_id, args));
app.event(/.*/, (args) => react("event", args.event.type, args));

const server = await app.start({ port: 0, host: "127.0.0.1" });
tell({ ready: mode === "http" ? server.address().port : null });

for await (const line of createInterface({ input: process.stdin })) {
  ({ rules = {}, refusal = 0 } = JSON.parse(line));
  tell({ told: true });
}

function receiver() {
  if (mode === "http") {
    return new HTTPReceiver({ signingSecret: secret, processEventErrorHandler: refuse, logLevel });
  }
  const installerOptions = { clientOptions };
  // So long it also waits before it comes back after a disconnect; by itself five seconds.
  const options = { appToken: secret, clientPingTimeout: 1000, processEventErrorHandler: refuse, logLevel };
  return new SocketModeReceiver({ ...options, installerOptions });
}

async function authorize({ teamId }, body) {
  if (refusal) {
    tell({ refused: body.event?.type ?? body.type ?? body.command });
    throw new Error("told to refuse");
  }
  const { user_id: botUserId, bot_id: botId } = await app.client.auth.test({ token });
  return { botToken: token, botUserId, botId, teamId };
}

async function refuse({ response }) {
  response?.writeHead(refusal);
  response?.end();
  return false;
}

async function react(kind, name, args) {
  const { payload, body, context } = args;
  const { teamId, userId, botUserId, retryNum, retryReason, isEnterpriseInstall } = context;
  const told = { teamId, userId, botUserId, retryNum, retryReason, isEnterpriseInstall };
  tell({ heard: kind, name, payload, body, context: told });
  for (const step of rules[`${kind}:${name}`] ?? rules[kind] ?? DEFAULTS[kind] ?? ACKNOWLEDGED) {
    const [[verb, value]] = Object.entries(step);
    try {
      await STEPS[verb](value, args);
    } catch (error) {
      tell({ failed: verb, error: error.data?.error ?? error.message });
    }
  }
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
