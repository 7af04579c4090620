"""Likes, as methods of the hub."""

from collections.abc import Iterator

from commonground.gateways.native import wire
from commonground.sdk.address import Address
from commonground.sdk.transport import Transport, repository_path


class LikeMethods:
    """Liking repositories. ``repository`` is ``owner/name``, ``datasets/owner/name`` or an address."""

    _transport: Transport

    def like_repository(self, repository: str | Address) -> int:
        """Like a repository; how many do now."""
        path = repository_path(Address.of(repository), "like")
        return self._transport.call(wire.Likes, "POST", path).likes

    def unlike_repository(self, repository: str | Address) -> int:
        """Take a like back; how many like it now."""
        path = repository_path(Address.of(repository), "like")
        return self._transport.call(wire.Likes, "DELETE", path).likes

    def list_likers(self, repository: str | Address) -> Iterator[wire.Liker]:
        """Everybody who likes a repository, the newest like first."""
        path = repository_path(Address.of(repository), "likers")
        return self._transport.pages(wire.Liker, path, wire.LikersQuery())

    def list_likes(self, user: str | None = None) -> Iterator[wire.Like]:
        """What a user (default: the caller) likes, as far as the caller may know of it, the newest like first."""
        return self._transport.pages(wire.Like, f"{wire.API}/likes", wire.LikesQuery(user=user))
