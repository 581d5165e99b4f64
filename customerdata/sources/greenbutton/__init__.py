"""Green Button files (NAESB ESPI over Atom): reading them and loading what they say."""
