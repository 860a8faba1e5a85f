"""Questions that are asked again of another group, and what of the answers differs."""
