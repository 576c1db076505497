"""Polite, bounded HTTP that cannot be pointed at an address we do not call.

`client` asks one address and answers with bytes; `guard` is where its connections are opened; `robots` reads a site's
rules. When a site may be asked at all is `ingest.store.sources.sites`: that is shared by all processes.
"""

from ingest.fetch.client import Fetcher, Response

__all__ = ["Fetcher", "Response"]
