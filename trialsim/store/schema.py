"""The tables of a store."""

from __future__ import annotations

APPLICATION = 0x5472696C
"""Written into the header of the file: "Tril"."""

VERSION = 1
"""Of the tables. A change of them is a new number, and a way from the old ones to the new."""

# SQLite notices when its own structures are damaged, not when a number is: so every row has a seal (a CRC-32) of what
# it says, and it is compared on reading.
TABLES = (
    "CREATE TABLE layouts (digest BLOB PRIMARY KEY, packed BLOB NOT NULL)",
    # What is read often stands before what is long: SQLite reads a row from its beginning.
    """CREATE TABLE results (
        id INTEGER PRIMARY KEY,
        cell TEXT NOT NULL,
        seed INTEGER NOT NULL CHECK (typeof(seed) = 'integer'),
        engine TEXT NOT NULL,
        stream TEXT NOT NULL,
        n_sims INTEGER NOT NULL CHECK (typeof(n_sims) = 'integer'),
        created TEXT NOT NULL,
        version TEXT NOT NULL,
        layout BLOB NOT NULL REFERENCES layouts,
        facts TEXT NOT NULL,
        numbers BLOB NOT NULL,
        seal INTEGER NOT NULL,
        tally_seal INTEGER,
        tally BLOB,
        UNIQUE (cell, seed, engine, stream, n_sims)
    )""",
    """CREATE TABLE sweeps (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sweep_id TEXT NOT NULL UNIQUE,
        about TEXT NOT NULL,
        n_cells INTEGER NOT NULL,
        seal INTEGER NOT NULL,
        created TEXT NOT NULL,
        version TEXT NOT NULL
    )""",
    """CREATE TABLE cells (
        sweep INTEGER NOT NULL REFERENCES sweeps ON DELETE CASCADE,
        number INTEGER NOT NULL CHECK (typeof(number) = 'integer'),
        levels TEXT NOT NULL,
        result INTEGER REFERENCES results ON DELETE CASCADE,
        error TEXT,
        seal INTEGER NOT NULL,
        PRIMARY KEY (sweep, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX cells_by_result ON cells (result)",
)

KEY = "cell = ? AND seed = ? AND engine = ? AND stream = ?"
"""The four fields of a key."""
