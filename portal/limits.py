"""Limits that are the same in every deployment; `portal.settings` takes all."""

# Objects on one page of a listing.
LISTING_PAGE_SIZE = 100
# How long a server that the operator chose may be silent, and may take for one answer.
OUTBOUND_SILENCE_SECONDS = 5.0
OUTBOUND_TOTAL_SECONDS = 10.0
# Each start of a sign-in by a provider makes the server ask the provider. A shared address of an
# office stays below it.
PROVIDER_STARTS = "60/min"
# What registrations that nobody has checked yet may store together, by the address of the caller.
STRANGERS_BYTES_OF_ADDRESS = "200000000/day"
