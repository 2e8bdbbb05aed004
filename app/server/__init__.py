"""The HTTP server: uvicorn, with deadlines on its connections and an orderly end."""

from app.server.draining import DrainingServer
from app.server.protocol import BoundedProtocol

__all__ = ["BoundedProtocol", "DrainingServer"]
