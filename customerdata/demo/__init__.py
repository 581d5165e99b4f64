"""The demo utility: people, customers with usage, a developer (`manage.py demo`)."""
