"""Bills of materials: what a repository consists of and comes from, in the words of CycloneDX and SPDX."""
