"""Data that is shipped with the detectors; beside each file stands its card."""
