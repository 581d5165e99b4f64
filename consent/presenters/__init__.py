"""What pages and mails about consent show, in which words: frozen dataclasses, no queries."""
