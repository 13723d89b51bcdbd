"""Its place puts this folder on the import path: the tests here share values by plain name."""
