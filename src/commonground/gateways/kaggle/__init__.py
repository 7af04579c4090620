"""What ``kagglehub`` and ``kagglesdk`` speak: calls of Kaggle's services as JSON, resumable uploads, plain downloads."""
