"""The bytes: chunks, xorbs, shards and the places that hold them."""
