"""Builds: having images built by whoever builds them, and following what becomes of it.

- `model`: what a build is, what can be asked to be built, how a repository is set up; no I/O.
- `providers`: who builds. Each can be asked for a build, and tell of builds as far as it can.
- `setups`, `as_code`: which repository is built by whom, by command or by file; `service`: what commands may use.
- `executing`: asks for a build, as a change that governance carries out.
- `progress`: how far a build is that we asked for; `build_rows`, `following`: rows, and who looks.
- `watching`: tells channels how others end; `reading`, `history`: what providers show, with ours.
- `card`, `writers`: what people see.
"""
