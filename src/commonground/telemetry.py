"""Logging and metrics, used by every floor."""

import logging
import sys
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from commonground.settings import Settings

REQUESTS = Histogram(
    "commonground_request_seconds",
    "Time to answer a request.",
    ["method", "route", "status"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60),
)
UPLOADED = Counter("commonground_uploaded_bytes", "Bytes received into the store.", ["way"])
STORED = Counter("commonground_stored_bytes", "New bytes written to the blob backend.")
TASKS = Counter("commonground_tasks", "Finished background tasks.", ["kind", "outcome"])
QUEUED = Gauge("commonground_tasks_waiting", "Background tasks waiting to run.")

_SECRET_KEYS = frozenset({"token", "password", "authorization", "cookie", "secret", "access_token"})


def configure(settings: Settings) -> None:
    """Set up structured logging on standard error."""
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """The process's structured logger: ``logger().info("event", key=value)``."""
    return structlog.get_logger()


def redact(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Keep secrets out of logs: values under telling names become ``***``."""
    for key in event:
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
    return event


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    REQUESTS.labels(method, route, str(status)).observe(seconds)


def exposition() -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, and its media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
