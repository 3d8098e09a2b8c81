"""Who builds: one module each, and the protocol that they share in `provider`."""
