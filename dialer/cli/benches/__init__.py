"""What speed claims rest on: each bench measures ours and a yardstick in the same run, and says the ratio."""
