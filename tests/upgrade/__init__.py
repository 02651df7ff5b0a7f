"""Upgrades without downtime: this code on the next schema, the last release's messages in the queue."""
