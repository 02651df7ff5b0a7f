"""The real fleet under scripted faults, judged over all rows by an oracle that shares no code with it."""
