"""Whether traffic is as usual: who is watched, what of it moved, and the reports that people look at."""
