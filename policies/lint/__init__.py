"""What is allowed in a policy and yet hardly meant: remarks for whoever writes it, each with its place and a code.

``remarks`` gathers them, ``file`` reads what it needs for one file; each other module judges one matter.
"""
