"""No chapter of the standard: Green Button files (NAESB ESPI over Atom)."""
