"""Its place in this folder puts the folder on the import path: `kept_log` by plain name."""
