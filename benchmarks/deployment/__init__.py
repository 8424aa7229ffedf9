"""What a finished network takes elsewhere: bytes, and time for a row."""
