"""The usage store: typed packs of values, their rendering and their versions."""
