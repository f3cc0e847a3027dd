"""Translation of one signal into another on real pairs."""
