"""Who works here, and what they may do: one person at a desk, or a lab in which people sign in."""
