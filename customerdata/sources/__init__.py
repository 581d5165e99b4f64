"""Adapters to what utilities have: files and systems that hold accounts and usage."""
