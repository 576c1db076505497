"""What a person decides about articles goes through this: handed in by who starts the application.

Deciding moves articles between clusters, which is the pipeline's business; the web neither knows nor imports it.
"""

from __future__ import annotations

from typing import Annotated, Protocol, cast

from fastapi import Depends, HTTPException, Request
from sqlalchemy import Connection

from ingest.types import Decision, Link


class Judge(Protocol):
    """Keeps decisions and carries them out in the same transaction; BadInput where one contradicts what is in force."""

    def decide(self, connection: Connection, link: Link, one: str, other: str, *, who: str, why: str = "") -> Decision:
        """Keep that two articles are, or are not, one text, and regroup what is affected."""

    def undo(self, connection: Connection, decision_id: int, *, who: str) -> Decision:
        """Let a decision count no more, and regroup what is affected."""

    def choose(self, connection: Connection, article_id: str) -> str:
        """Make an article the representative of its cluster; returns the cluster's id."""


def the_judge(request: Request) -> Judge:
    """The judge of this application; 503 where it was started without one."""
    found = request.app.state.judge
    if found is None:
        raise HTTPException(503, "This server was started to be read only: decisions are not taken here.")
    return cast(Judge, found)


TheJudge = Annotated[Judge, Depends(the_judge)]
