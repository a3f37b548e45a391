"""Numbers from papers and other software; files are named after the source."""
