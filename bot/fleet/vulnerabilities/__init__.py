"""What is known to be vulnerable in images: who knows it (`model.VulnerabilitySource`), and what we keep of it."""
