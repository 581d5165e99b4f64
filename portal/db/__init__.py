"""Use of the database besides models: prepared statements, time limits, named locks."""
