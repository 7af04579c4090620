"""The Python client of a hub: :class:`Hub`, addresses, and the ``hub://`` file system."""
