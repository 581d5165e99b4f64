"""CDS-WG3-01 9.2.2.1, 9.2.2.2: what customers read about data, time spans and services.

Written for someone who has never heard of OAuth. The catalogue brings the labels of fields; the
modules here join them into sentences (CDS-WG3-01 9.2.2).
"""

from consent.wording.data import DataItem, DataRow, data_items
from consent.wording.dates import day_words
from consent.wording.durations import (
    End,
    duration_sentences,
    end_of_following,
    end_of_sharing,
)
from consent.wording.services import (
    AskedLine,
    asked_line,
    count_by_type,
    service_type_words,
)
from consent.wording.status import StatusWords, status_words
from consent.wording.summary import SummarySentences, summary_sentences

__all__ = [
    "AskedLine",
    "DataItem",
    "DataRow",
    "End",
    "StatusWords",
    "SummarySentences",
    "asked_line",
    "count_by_type",
    "data_items",
    "day_words",
    "duration_sentences",
    "end_of_following",
    "end_of_sharing",
    "service_type_words",
    "status_words",
    "summary_sentences",
]
