"""Long statistical checks: `make verify`."""
