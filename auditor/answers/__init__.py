"""What a model answered, kept on disk, so that a scan which was killed goes on where it stopped."""
