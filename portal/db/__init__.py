"""What the database does for us beside models: prepared statements, time limits, named locks."""
