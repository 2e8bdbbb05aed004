"""What the service tells about itself: log lines and metrics, never a prompt or a secret."""

from app.telemetry.logs import configure_logs
from app.telemetry.metrics import Metrics

__all__ = ["Metrics", "configure_logs"]
