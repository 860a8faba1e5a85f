"""``oddgate policy``: one command a file. ``files`` finds and loads what is named, ``shown`` prints what all of them print."""
