"""Item models: what Qt's views show, read from the library a page at a time."""
