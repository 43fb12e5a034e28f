"""Figures: data in, Plotly figure out."""

from charlab.errors import install_command

try:
    import plotly  # noqa: F401
except ImportError as error:
    raise ImportError(f"Charts need the package plotly: {install_command('app')}") from error
