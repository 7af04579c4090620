"""What all HTTP faces share: routing on the undecoded path, JSON, errors, ranges, streaming files, who is calling."""
