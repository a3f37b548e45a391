"""The dashboard: a design and a question, explored in the browser."""
