#!/bin/sh
# greenbutton-objects 2024.7.11 (PyPI), Python 3.11.
#
# The ESPI schema lets a reading leave out its timePeriod: in a block with an interval and a reading type
# with an intervalLength, the readings follow each other in the order of the file. This reader sorts the
# readings of each block by (timePeriod, value). Where no reading has a timePeriod the first part is None
# everywhere, equal and never compared further, so the readings come out by SIZE. No error, no warning:
# sums stay right, every hour of the day is wrong.
#
# Seen for a block of four hours with the values 300, 100, 400, 200:
#   [100, 200, 300, 400]
#
# What helps: read IntervalReading elements in document order yourself where timePeriod is absent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check greenbutton-objects==2024.7.11
cat >"$folder/day.xml" <<'XML'
<feed xmlns="http://www.w3.org/2005/Atom">
  <entry>
    <link rel="self" href="UsagePoint/1"/>
    <link rel="related" href="UsagePoint/1/MeterReading"/>
    <title>Home</title>
    <content><UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content>
  </entry>
  <entry>
    <link rel="self" href="UsagePoint/1/MeterReading/1"/>
    <link rel="up" href="UsagePoint/1/MeterReading"/>
    <link rel="related" href="ReadingType/1"/>
    <link rel="related" href="UsagePoint/1/MeterReading/1/IntervalBlock"/>
    <title>Hours</title>
    <content><MeterReading xmlns="http://naesb.org/espi"/></content>
  </entry>
  <entry>
    <link rel="self" href="ReadingType/1"/>
    <title>Wh</title>
    <content><ReadingType xmlns="http://naesb.org/espi"><intervalLength>3600</intervalLength><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content>
  </entry>
  <entry>
    <link rel="self" href="UsagePoint/1/MeterReading/1/IntervalBlock/1"/>
    <link rel="up" href="UsagePoint/1/MeterReading/1/IntervalBlock"/>
    <title>Four hours</title>
    <content><IntervalBlock xmlns="http://naesb.org/espi">
      <interval><duration>14400</duration><start>1767247200</start></interval>
      <IntervalReading><value>300</value></IntervalReading>
      <IntervalReading><value>100</value></IntervalReading>
      <IntervalReading><value>400</value></IntervalReading>
      <IntervalReading><value>200</value></IntervalReading>
    </IntervalBlock></content>
  </entry>
</feed>
XML
seen=$("$folder/venv/bin/python" -c '
import sys
from greenbutton_objects.parse import parse_feed

(point,) = parse_feed(sys.argv[1])
(reading,) = point.meterReadings
print([each.value for each in reading.intervalReadings])
' "$folder/day.xml")
echo "$seen"
[ "$seen" = "[100, 200, 300, 400]" ]
