"""Cost of sweeps, and how they scale."""
