"""The evaluation under a clock, a broker and an exchange that one seed drives: the same seed, the same run."""
