"""Between the window and the services: work on threads of its own, its events as signals. QtCore only."""
