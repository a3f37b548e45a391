"""Results as text, Markdown, HTML, CSV and JSON. Nothing here computes a statistic."""
