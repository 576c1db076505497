"""What runs: Celery's queues and tasks, what each process is handed, and everything on one machine from one command.

Only this package knows Celery. A task is a line: it calls a step of `ingest.pipeline` with this process's `runtime`
and rings for what the step says comes next (`bell`). The broker only rings: what is to do stands in SQL, and the
reconciler finds what no message told of.
"""
