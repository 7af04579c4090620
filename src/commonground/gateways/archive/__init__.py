"""Archives of repositories and folders over plain HTTP."""
