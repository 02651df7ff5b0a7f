"""The negative control: faults put into a copy of the source on purpose, each of which some test must notice."""
