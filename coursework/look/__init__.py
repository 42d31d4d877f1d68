"""From a trained model to what can be looked at: captions, scores, pictures."""
