"""What lltool last found on this host, for those who watch: one small document, Prometheus text, alert rules."""
