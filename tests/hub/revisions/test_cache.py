from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.objects import BLOB, COMMIT, make_object
from commonground.hub.revisions.pending import Pending
from commonground.store.model import FileState, StoredFile


def test_the_cache_forgets_what_was_not_used_for_longest() -> None:
    cache: LruCache[str, int] = LruCache(3)
    for number, key in enumerate("abc"):
        cache.put(key, number)
    assert cache.get("a") == 0
    cache.put("d", 3)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_weights_bound_the_cache() -> None:
    cache: LruCache[str, bytes] = LruCache(10, len)
    cache.put("a", b"12345")
    cache.put("a", b"123456")
    cache.put("b", b"1234")
    assert cache.get("a")
    cache.put("huge", bytes(11))
    assert cache.get("huge") is None
    cache.put("c", b"1234")
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_drafts_are_seen_while_somebody_holds_them() -> None:
    pending = Pending()
    commit, blob = make_object(COMMIT, b"x"), make_object(BLOB, b"x")
    file = StoredFile(hash=b"h" * 32, sha256=b"s" * 32, size=1, state=FileState.VERIFIED)
    with pending.hold(1, [commit, blob], {b"s" * 32: file}):
        with pending.hold(1, [commit], {}):
            assert pending.is_commit(1, commit.sha)
        assert pending.is_commit(1, commit.sha)
        assert not pending.is_commit(1, blob.sha)
        assert not pending.is_commit(2, commit.sha)
        assert pending.file(1, b"s" * 32) == file
    assert pending.object(1, commit.sha) is None
    assert pending.file(1, b"s" * 32) is None
