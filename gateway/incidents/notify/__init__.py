"""One channel a file: a notice in the channel's own words and limits. Pure: what sends it is ``gateway.incidents.sending``."""
