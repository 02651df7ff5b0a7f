"""The documentation is true: its commands run, its site builds, its reference is of this code."""
