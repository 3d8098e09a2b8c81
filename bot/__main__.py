"""`python -m bot` is `hub-bot`."""

from bot.cli import main

if __name__ == "__main__":
    main()
