"""The library: rules, storage, exchange access. Owns no process and imports no process framework."""
