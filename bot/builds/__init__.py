"""Builds: having images built by whoever builds them, and following what becomes of it.

- `model`: what a build is, what can be asked to be built, how a repository is set up; no I/O.
- `providers`: who builds. Each can be asked for a build, and tell of builds as far as it can.
"""
