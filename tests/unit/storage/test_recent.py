"""The memory of what was used last."""

from atomic_verify.storage.recent import RecentMap


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    memory: RecentMap[str, int] = RecentMap(2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)
    memory.put("a", 9)
    assert memory.get("a") == 9
