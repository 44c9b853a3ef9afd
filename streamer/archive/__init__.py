"""Many files, one machine or many: what is to be done, what is done, and what failed."""
