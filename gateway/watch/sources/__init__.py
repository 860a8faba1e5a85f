"""What the watch reads besides the journal: servers' pages of metrics, and what the receiver of telemetry has put by."""
