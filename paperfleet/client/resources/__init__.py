"""The parts of the API: each method describes its request once, for programs that block and programs that await."""
