"""What works, what does not, and what to do about it: for the operator, asked for by `/hub doctor`."""
