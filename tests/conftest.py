"""Its place in this folder puts the folder on the import path: tests share `virtual_clock` and the like by plain name."""
