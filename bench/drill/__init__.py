"""The fault-injection drill: real gateways, each with its watch, before simulated endpoints and users; one fault each; what is heard of it.

    corpus      what users ask and endpoints answer, made of a few sentences
    endpoints   simulated endpoints, whose behaviour is switched while they serve
    traffic     simulated users of several applications, whose manners are switched while they ask
    hooks       a webhook that is paged
    site        one gateway, its watch, its Redis, its endpoints and its users, in a folder
    faults      what is done to a site, and what should be heard of it
    history     records of a quiet site, drawn again for the hours before a fault, and for quiet hours
    judging     pure: which incidents are of the fault, how soon, with which cause
    running     fault by fault, then the quiet hours; ``report`` tells of it

Each fault has a gateway of its own, with the same past: incidents stay open for a quarter of an hour after what they tell of, and are one
with what begins near them, so that faults in turn at one gateway would hide each other.
"""
