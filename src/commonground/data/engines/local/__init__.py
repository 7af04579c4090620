"""The local engine: processes of this machine, parcels in files."""
