"""Real data under a design: where each arm ended, and what its rate is once it is known that it could have stopped."""
