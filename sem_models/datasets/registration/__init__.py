"""Registration of the two images of a pair, and measurement of the residual."""
