"""`icl`: a command-line laboratory for in-context learning."""

__version__ = "0.1.0"
