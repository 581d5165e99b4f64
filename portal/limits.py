"""Limits that are the same in every deployment; `portal.settings` imports all of them."""

# Objects on one page of a listing.
LISTING_PAGE_SIZE = 100
# How long a server that the operator chose can stay silent, and how long one answer can take.
OUTBOUND_SILENCE_SECONDS = 5.0
OUTBOUND_TOTAL_SECONDS = 10.0
# Each sign-in with a provider makes the server send requests to it. The shared address of an
# office stays below this.
PROVIDER_STARTS = "60/min"
# What unverified registrations can store together, by the caller's address.
STRANGERS_BYTES_OF_ADDRESS = "200000000/day"
