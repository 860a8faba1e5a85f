"""What a collector is sent: spans, events and measures by the conventions of OpenTelemetry, made of records."""
