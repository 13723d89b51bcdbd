"""`sora-bot` and `python -m bot`."""

from bot.cli.app import app


def main() -> None:
    app()


if __name__ == "__main__":
    main()
