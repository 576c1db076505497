"""From whatever a site serves to exactly the article: blocks kept or dropped, each with a reason, and metadata.

`extract_page` takes a page as it came and sniffs what it is; `extract_lines` takes plain text in lines. Both end as a
`Document` or a `Rejection`. The way through: bytes to text (`decode`), text repaired once (`repair`), HTML within
limits (`limits`) and put to the vote of three extractors (`vote`), then the line cleaner for both kinds (`cleaner`):
explicit rules (`rules.toml`), headline and repeats, what the site repeats (`site_memory`), the line scorer (`score`).

Importing this package loads none of the heavy libraries; the first page does.
"""

from ingest.extract.lines import extract_lines
from ingest.extract.page import extract_page
from ingest.extract.site_memory import DictSiteMemory, SiteMemory, fingerprint, fingerprints

__all__ = ["DictSiteMemory", "SiteMemory", "extract_lines", "extract_page", "fingerprint", "fingerprints"]
