"""Commands that run the service: all of it on one machine, or one process of it."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.settings import load
from ingest.types import Stage


def up() -> None:
    """Run everything on this machine until Ctrl-C: broker, workers, schedule, web.

    With INGEST_BROKER_URL or INGEST_DATABASE_URL set, those servers are used and the rest is started.

    Example: INGEST_DATA_DIR=./var ingest up
    """
    from ingest.cli.encoder import the_encoder
    from workers.embedded import Embedded

    settings = load()
    the_encoder(settings)  # refused here where its folder is not there; it is read by the process that asks it
    with Embedded(settings) as service:
        service.stop_on_signals()
        if service.tend(until=service.answers):
            print(f"Newsfold runs at {service.url}  (Ctrl-C stops it)", flush=True)
            service.tend()
        print("stopping …", flush=True)


def worker(
    queue: Annotated[list[Stage], typer.Option("--queue", "-q", help="A queue it serves; may be given again.")],
    processes: Annotated[int, typer.Option("--processes", "-c", min=1, help="How many work at once.")] = 1,
) -> None:
    """Run the worker of some queues until SIGTERM, which lets it end what it is at.

    Example: ingest worker --queue fetch --queue extract --processes 2
    """
    from ingest.cli.encoder import the_encoder
    from workers import run

    _check_database()
    if Stage.CLUSTER in queue:
        the_encoder(load())
    run.worker(queue, processes=processes)


def beat() -> None:
    """Run the schedule: polls feeds that are due, rings for what waits, takes back what vanished workers held.

    Example: ingest beat
    """
    from workers import run

    _check_database()
    run.beat()


def web() -> None:
    """Run the web server at the settings' host and port.

    Example: INGEST_HOST=0.0.0.0 INGEST_PORT=8000 ingest web
    """
    from workers import run

    settings = load()
    _check_database()
    listening = run.listen(settings, tries=0)
    host, port = listening.getsockname()[:2]
    print(f"Newsfold's web server runs at http://{host}:{port}", flush=True)
    run.web(settings, listening)


def migrate() -> None:
    """Bring the database to this version's tables; others that try at the same time wait.

    Example: ingest migrate
    """
    from ingest.store import engine, migrations

    database = engine.connect(load().sqlalchemy_url)
    try:
        before, after = migrations.upgrade(database)
    finally:
        database.close()
    if before == after:
        print(f"the database is at revision {after} already")
    else:
        print(f"the database went from {f'revision {before}' if before else 'empty'} to revision {after}")


def _check_database() -> None:
    """Stop with a sentence where the database is not ready, instead of failing at every document."""
    from ingest.errors import Misconfigured
    from ingest.store import engine, migrations

    database = engine.connect(load().sqlalchemy_url)
    try:
        with database.writing() as connection:  # a reader cannot make the file of an empty database
            if not migrations.is_current(connection):
                raise Misconfigured("the database does not have this version's tables: run `ingest migrate` first")
    finally:
        database.close()
