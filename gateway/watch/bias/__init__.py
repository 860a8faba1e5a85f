"""Disparities between groups that are seen in the traffic, and what our own rules make of groups."""
