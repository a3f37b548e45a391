"""Small pieces, each against a value worked out by hand or by another program."""
