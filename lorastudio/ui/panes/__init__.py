"""The five panes, in the order of the loop."""
