import json

from charlab.runs import cluster


def test_the_first_of_several_machines_is_chief(monkeypatch):
    for machines, kind, index, chief in (
        ({"worker": ["a:1", "b:1"]}, "worker", 0, True),
        ({"worker": ["a:1", "b:1"]}, "worker", 1, False),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "worker", 0, False),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "chief", 0, True),
    ):
        config = {"cluster": machines, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        assert cluster.is_chief("multi-worker") == chief
        assert cluster.is_chief("cpu")  # TF_CONFIG may be there for others
