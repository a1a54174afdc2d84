"""Every figure that the ingester counts, with its meaning (docs/operations.md)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Ours alone: a process has one ingester, and a test asks for these by name.
REGISTRY = CollectorRegistry()

MESSAGES = Counter(
    "ingest_messages_total",
    "Messages taken from the broker and settled: committed, or kept with the reason.",
    ["kind"],
    registry=REGISTRY,
)
RETAINED = Counter(
    "ingest_retained_total",
    "Messages that were retained copies of something old: stored once like any repetition.",
    registry=REGISTRY,
)
REDELIVERED = Counter(
    "ingest_redelivered_total",
    "Messages that the broker marked as sent before; never a reason to skip one.",
    registry=REGISTRY,
)
READINGS = Counter(
    "ingest_items_total",
    "Readings and movements by what became of them: stored, repeated, or refused.",
    ["outcome"],
    registry=REGISTRY,
)
QUIET = Counter(
    "ingest_quiet_readings_total",
    "Readings that changed nothing for a sensor known by heart, stored without looking it up.",
    registry=REGISTRY,
)
REMEMBERED = Gauge(
    "ingest_remembered_sensors",
    "Sensors whose newest reading this process knows by heart, and of which nothing runs.",
    registry=REGISTRY,
)
REJECTIONS = Counter(
    "ingest_rejections_total",
    "Messages or items of them that were refused, by reason.",
    ["reason"],
    registry=REGISTRY,
)
UNSENT_ANSWERS = Counter(
    "ingest_unsent_answers_total",
    "Acks and rejections that no connection could take; publishers who wait will send again.",
    registry=REGISTRY,
)
UNTOLD_ACKNOWLEDGEMENTS = Counter(
    "ingest_untold_acknowledgements_total",
    "Settled messages whose connection was gone: the broker will send them again.",
    registry=REGISTRY,
)
BATCH_MESSAGES = Histogram(
    "ingest_batch_messages",
    "Messages in one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "ingest_batch_seconds",
    "Seconds from taking a batch to its acknowledgement, the commit included.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30),
    registry=REGISTRY,
)
HALVED = Counter(
    "ingest_halved_batches_total",
    "Batches that were halved because something in them could not be stored.",
    registry=REGISTRY,
)
DATABASE_FAILURES = Counter(
    "ingest_database_failures_total",
    "Attempts that failed because the database was away, full or locked; each is repeated.",
    registry=REGISTRY,
)
LAST_COMMIT = Gauge(
    "ingest_last_commit_timestamp_seconds",
    "When the newest batch was committed, as seconds since 1970.",
    registry=REGISTRY,
)
CONNECTED = Gauge(
    "ingest_broker_connected",
    "1 while the broker has accepted us.",
    registry=REGISTRY,
)
SILENCES = Counter(
    "ingest_silences_total",
    "Silence episodes opened by the clock.",
    registry=REGISTRY,
)
UNCOVERED_SITES = Gauge(
    "ingest_uncovered_sites",
    "Registered sites of which no partition hears everything: their messages are kept nowhere.",
    registry=REGISTRY,
)
PARTITION_EPOCH = Gauge(
    "ingest_partition_epoch",
    "How often the partition that this process holds was taken; absent while it stands by.",
    ["partition"],
    registry=REGISTRY,
)
CLOCK_OFFSET = Gauge(
    "ingest_clock_offset_seconds",
    "How far this machine's clock is ahead of the database's; always about 0 on SQLite.",
    registry=REGISTRY,
)
CLOCK_JUMPS = Counter(
    "ingest_clock_jumps_total",
    "How often the clock of the record was set, by more than a minute.",
    registry=REGISTRY,
)
