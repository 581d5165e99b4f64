"""An OpenID provider in a process of its own: allauth's, with the faults that tests ask for."""
