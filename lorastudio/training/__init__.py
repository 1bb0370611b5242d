"""What a training run is; no MLX here."""
