"""`sora-bot` and `python -m bot`."""

import gc


def main() -> None:
    # What imports make stays for good: looking through it again and again while it grew took an eighth of the start.
    gc.disable()
    from bot.cli.app import app

    gc.freeze()
    gc.enable()
    app()


if __name__ == "__main__":
    main()
