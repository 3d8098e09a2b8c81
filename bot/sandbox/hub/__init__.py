"""The simulated Docker Hub: accounts, repositories, tags, registry, limits, and faults on demand."""
