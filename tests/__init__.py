"""Tests by kind of evidence: unit, naive, agreement, contracts, published, golden, verify (long), bench (no gate)."""
