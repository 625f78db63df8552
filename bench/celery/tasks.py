"""The tasks of the comparison: one that says how long it waited, and one with an effect."""
import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"])
app.conf.update(
    task_acks_late=os.environ.get("BENCH_LATE") == "1",
    task_reject_on_worker_lost=os.environ.get("BENCH_LATE") == "1",
    broker_transport_options={"visibility_timeout": 10},
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    broker_connection_retry_on_startup=True,
)


@app.task
def probe(sent):
    return time.time() - sent


@app.task
def effect(n):
    time.sleep(0.01)
    with open(os.environ["BENCH_EFFECTS"], "a", encoding="ascii") as f:  # one short write is whole
        f.write(f"{n}\n")
