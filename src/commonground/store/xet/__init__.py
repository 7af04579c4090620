"""The Xet format, pure: hashes, chunks, xorbs, shards and reconstruction plans.

Nothing here reads a file, a database or a socket. Specification: huggingface/hub-docs, docs/xet.
"""
