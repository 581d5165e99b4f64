#!/bin/sh
# Babel 2.18.0 with tzdata 2026.6 (IANA rules 2026f), Python 3.11.
#
# Since November 2026 British Columbia, Alberta and Manitoba keep one offset all year. The IANA rules
# say so with a daylight saving of zero and another abbreviation: MST (-07:00) for America/Vancouver.
# Babel computes the clock time by these rules, but takes the name from CLDR's "standard" name of the
# zone, because dst() is zero. It prints "12:00 PST" for an instant that is 11:00 PST: whoever reads a
# meter reading, a bill day or an appointment by that name is an hour off, all year round.
#
# Seen (zone, tzname of Python, what Babel prints for noon on 15 December 2026):
#   America/Vancouver MST | 12:00 PST
#   America/Edmonton CST | 12:00 MST
#   America/Winnipeg EST | 12:00 CST
#   America/Los_Angeles PST | 12:00 PST
#
# What helps: name the offset or the zone without a season (pattern "v"), unless Babel's short name
# equals tzname().
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.18.0 tzdata==2026.6
"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
import zoneinfo

zoneinfo.reset_tzpath(to=())  # the package's rules, whatever the machine has

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

for name in ("Vancouver", "Edmonton", "Winnipeg", "Los_Angeles"):
    noon = datetime(2026, 12, 15, 12, tzinfo=ZoneInfo(f"America/{name}"))
    print(f"America/{name} {noon.tzname()} | {format_datetime(noon, 'h:mm z', locale='en_CA')}")
PYTHON
cat >"$folder/expected" <<'SEEN'
America/Vancouver MST | 12:00 PST
America/Edmonton CST | 12:00 MST
America/Winnipeg EST | 12:00 CST
America/Los_Angeles PST | 12:00 PST
SEEN
diff "$folder/expected" "$folder/seen"
echo "As described."
