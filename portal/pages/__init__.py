"""Pages that belong to no app above: home, accounts, providers, terms, the demo's emails."""
