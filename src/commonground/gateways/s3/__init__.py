"""The S3 API over repositories: a bucket is a repository, a key a path, a version a commit."""
