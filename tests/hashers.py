"""Passwords in tests: hashed as in the product, in a hundredth of the time."""

from django.contrib.auth.hashers import ScryptPasswordHasher


class QuickScrypt(ScryptPasswordHasher):
    """Scrypt that costs next to nothing: no test is about how long guessing takes."""

    work_factor = 2**4
