"""What only these tests need: a browser, and whether the README's pictures are taken anew."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-pictures", action="store_true", help="take the pictures in bot/demo/page/pictures anew")
