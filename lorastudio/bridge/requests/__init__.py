"""What the window asks of the services, one module per noun.

Every function imports its services inside itself: the panes import these modules before the first frame is
painted, and the services bring numpy and httpx with them.
"""
