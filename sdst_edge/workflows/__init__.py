"""What spans several rooms: following an object in a video, the demo."""
