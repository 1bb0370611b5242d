"""The formats of files, one module for each family. Each knows its rows by their columns."""
