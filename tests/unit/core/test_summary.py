from charlab.core import summary
from helpers.tiny import TINY


def test_parameters_are_counted(vocab):
    config = TINY["lstm"]
    V, D, U = len(vocab), 8, 16
    wanted = V * D + (D * 4 * U + U * 4 * U + 4 * U) + (U * 4 * U + U * 4 * U + 4 * U) + U * V + V
    assert summary.parameter_count(config, V) == wanted
