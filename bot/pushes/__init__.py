"""Pushes: from Docker Hub's webhook to a message in each channel that wants to hear of it.

Along the road:

- `payload` reads a webhook, `intake` commits its event with who is to hear of it.
- `subscriptions` are who wants what: `patterns` of repositories, `filters` (with `semver`), as rows. `subscribing` does
  it for people, `state` words it, `as_code` keeps it in a file, `webhook_setup` tells how Docker Hub comes to call us.
- `readings` read the tag back, once for all channels: `claims` (whose turn), `tag_reader` (requests), `verdicts` (what
  an answer means), `settling` (what becomes of the events); `history` keeps images, `growth` compares them.
- `folding` puts pushes into messages, `card` (with `sizes`, `hardened`) words them, `announcements` are the writers
  that the outbox calls. `channels` are closed, opened and muted (`mutes`); `reopening` looks whether one is open again.
- `lookout` finds what no webhook told of: `subjects`, `sightings`, `recent`, `news`, `looks`.
- `ledger` (with `ledger_rows`) knows what became of each push; `pruning` deletes what is over.
- `engine` runs all this, `service` is what commands may use of it, `model` are the values the rooms share.
"""
