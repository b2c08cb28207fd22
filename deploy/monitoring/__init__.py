"""The Grafana dashboard and the alert rules, made from the list of metrics."""
