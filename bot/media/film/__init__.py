"""What the preview's films are made of: mood, scenery, camera, lettering and sound, all drawn here without a model."""
