"""What each command takes, as `--help` shows it; what it does is loaded when it runs."""
