"""Who somebody is: finding people by address, counting guesses, known browsers, sign-in's forms."""
