"""What the services of revisions share: database, store, caches."""

from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.model import Entry, HeadObserver
from commonground.hub.revisions.object_view import ObjectView, object_cache
from commonground.hub.revisions.pending import Pending
from commonground.hub.revisions.reachability import Reachability
from commonground.settings import Settings
from commonground.store.service import Store


class Context:
    """One per process."""

    def __init__(self, database: Database, store: Store, settings: Settings, clock: Callable[[], int] = now_ms) -> None:
        self.database = database
        self.store = store
        self.settings = settings
        self.clock = clock
        self.pending = Pending()
        self.cache = object_cache(settings.memory_cache_bytes)
        self.reachable = Reachability(settings.memory_cache_bytes // 2)
        self.entries: LruCache[tuple[int, bytes, str], Entry] = LruCache(20_000)
        self.last_commits: LruCache[tuple[int, bytes, str], bytes] = LruCache(50_000)
        self.observers: list[HeadObserver] = []
        self._host = urlsplit(settings.public_url).hostname or "localhost"

    def view(self, connection: Connection, repository_id: int) -> ObjectView:
        """The objects of a repository, for the time of a transaction."""
        return ObjectView(connection, repository_id, self.cache, self.pending)

    def identity(self, principal: Principal) -> tuple[str, str]:
        """Name and address a caller's commits carry; the account's own address stays private."""
        name = principal.name or "system"
        return name, f"{name}@users.noreply.{self._host}"
