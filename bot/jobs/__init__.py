"""The life of a video, accepted to delivered: model, use cases, story, watcher, and the ports they need."""
