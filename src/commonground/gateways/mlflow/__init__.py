"""The MLflow tracking server and model registry, for the `mlflow` client."""
