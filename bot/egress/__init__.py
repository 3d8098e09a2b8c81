"""Calls to hosts that somebody named: which may be called, and how it is made sure that nothing else is."""
