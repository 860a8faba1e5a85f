"""Several workers behind one address: processes that each serve the data side, and one process over them, which starts them, starts them
again when they die, and answers for all of them on the admin side.

Each worker is at the end of a link (``link``), a socket that it was born with, by which it is asked; where it closes, the worker ends. What
one worker answers (``answers``) is the same alone and among others; ``linked`` makes one answer of several.
"""
