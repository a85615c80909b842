"""`python -m dialer …` is `dialer …`."""

from dialer.cli.main import main

if __name__ == "__main__":
    main()
