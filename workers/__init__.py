"""Dramatiq workers and the scheduler: the processes that follow the market."""
