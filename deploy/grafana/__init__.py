"""Grafana dashboards: described in `make`, kept as JSON in `dashboards`."""
