"""How patients are shared out among arms."""
