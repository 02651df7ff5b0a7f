"""What lies in `deploy/` for others to run: dashboards, alerts, images, compose, Kubernetes."""
