"""What a model means: canonical programs in float64. Not built yet."""
