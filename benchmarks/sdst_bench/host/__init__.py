"""What the host is: read from files and commands, never changed."""
