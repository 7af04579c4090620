"""The formats of this project's own documents, as versioned JSON Schemas."""
