"""No chapter of the standard: readers of what utilities have, files and systems."""
