"""Charts. `chart` brings pyqtgraph and numpy with it, so it is imported in the background; the rest needs neither."""
