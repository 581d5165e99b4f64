"""How people sign in: accounts, second factors, staff roles; identity providers in openid/."""
