"""Small widgets that all panes are built of; their looks come from `stylesheet` by class and `kind`."""
