"""Results in a SQLite file: one host, any number of processes, nothing to install."""
