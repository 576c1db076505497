"""What arrives by other ways than feeds: files, folders, JSON lines, web archives, standard input, pushes.

Everything becomes one of four arrivals, in the order it stands; what is bad is one of them and stops nothing.
"""

from ingest.intake.arrival import Arrival, BadRecord, LinkArrival, PageArrival, Refusal
from ingest.intake.records import arrival_from_fields

__all__ = ["Arrival", "BadRecord", "LinkArrival", "PageArrival", "Refusal", "arrival_from_fields"]
